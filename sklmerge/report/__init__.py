"""What a folder of images is like, for people: in lines, in pictures and as a page."""

from sklmerge.report._commands import write_weights as write_weights
from sklmerge.report._inspection import FolderReport, inspect_folder
from sklmerge.report._place import Place as Place
from sklmerge.report._preview import preview_folder
from sklmerge.report._suggest_folder import FolderSuggestion, suggest_folder
from sklmerge.report._write_report import ReportPage, write_report

__all__ = [
    "FolderReport",
    "FolderSuggestion",
    "ReportPage",
    "inspect_folder",
    "preview_folder",
    "suggest_folder",
    "write_report",
]
