"""Pictures of what was merged, drawn and balanced."""

from sklmerge._image_grid import SheetRow, draw_contact_sheet
from sklmerge.plot._class_balance import ClassBalanceDisplay
from sklmerge.plot._class_weight import ClassWeightDisplay
from sklmerge.plot._copies import pick_file_rows as pick_file_rows
from sklmerge.plot._epoch_coverage import EpochCoverageDisplay
from sklmerge.plot._images import AugmentationDisplay, ConfusedImagesDisplay
from sklmerge.plot._merge import MergeDisplay
from sklmerge.plot._reliability import ReliabilityCurve, ReliabilityDisplay

__all__ = [
    "AugmentationDisplay",
    "ClassBalanceDisplay",
    "ClassWeightDisplay",
    "ConfusedImagesDisplay",
    "EpochCoverageDisplay",
    "MergeDisplay",
    "ReliabilityCurve",
    "ReliabilityDisplay",
    "SheetRow",
    "draw_contact_sheet",
]
