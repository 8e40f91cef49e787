"""What describes an image: gradients, texture, colour, and the reader that begins with paths."""

from sklmerge.features._color import ColorHistogram
from sklmerge.features._hog import HOGFeatures
from sklmerge.features._image_reader import ImageReader
from sklmerge.features._lbp import LBPFeatures

__all__ = ["ColorHistogram", "HOGFeatures", "ImageReader", "LBPFeatures"]
