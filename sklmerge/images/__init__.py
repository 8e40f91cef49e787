"""Images on disk: decoded and encoded, indexed, split, read and checked."""

from sklmerge.images._codec import decode_image, encode_image
from sklmerge.images._headers import ImageHeader, read_header, sniff_format

__all__ = [
    "ImageHeader",
    "decode_image",
    "encode_image",
    "read_header",
    "sniff_format",
]
