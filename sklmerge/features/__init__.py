"""Features of images (gradients, texture, colour, embeddings), and a reader of paths."""

from sklmerge.features._color import ColorHistogram
from sklmerge.features._embedding import EmbeddingFeatures
from sklmerge.features._hog import HOGFeatures
from sklmerge.features._image_reader import ImageReader
from sklmerge.features._lbp import LBPFeatures

__all__ = ["ColorHistogram", "EmbeddingFeatures", "HOGFeatures", "ImageReader", "LBPFeatures"]
