"""A small sample data set: patches of real photographs, with imbalanced classes."""

from sklmerge.datasets._textures import load_textures, write_textures

__all__ = ["load_textures", "write_textures"]
