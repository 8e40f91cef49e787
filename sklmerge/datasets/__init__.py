"""The embedded sample: patches of real photographs, imbalanced as nature would have them."""

from sklmerge.datasets._textures import load_textures, write_textures

__all__ = ["load_textures", "write_textures"]
