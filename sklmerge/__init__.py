"""Merge image classes, balance them, weigh what is left, and take the merge back."""

__version__ = "0.1.0"

__all__: list[str] = []
