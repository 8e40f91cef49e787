"""write_report: a page about a folder."""
