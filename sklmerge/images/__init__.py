"""Images on disk: decoded and encoded, indexed, split, read and checked."""

from sklmerge.images._codec import decode_image, encode_image
from sklmerge.images._errors import BadFileError
from sklmerge.images._features_color import ColorHistogram
from sklmerge.images._features_hog import HOGFeatures
from sklmerge.images._features_lbp import LBPFeatures
from sklmerge.images._headers import ImageHeader, read_header, sniff_format
from sklmerge.images._image_reader import ImageReader
from sklmerge.images._index import ImageIndex
from sklmerge.images._paths import ImagePaths
from sklmerge.images._verify import ImageReport

__all__ = [
    "BadFileError",
    "ColorHistogram",
    "HOGFeatures",
    "ImageHeader",
    "ImageIndex",
    "ImagePaths",
    "ImageReader",
    "ImageReport",
    "LBPFeatures",
    "decode_image",
    "encode_image",
    "read_header",
    "sniff_format",
]
