"""Pictures of what was merged, drawn and balanced."""

from sklmerge.plot._contact_sheet import SheetRow, draw_contact_sheet

__all__ = ["SheetRow", "draw_contact_sheet"]
