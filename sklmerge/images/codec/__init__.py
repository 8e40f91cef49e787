"""Bytes to pixels and back."""

from sklmerge.images.codec._arrays import ImageHeader as ImageHeader
from sklmerge.images.codec._codec import check_decoding as check_decoding
from sklmerge.images.codec._codec import decode_image as decode_image
from sklmerge.images.codec._codec import encode_image as encode_image
from sklmerge.images.codec._codec import read_header as read_header
from sklmerge.images.codec._formats import FORMATS as FORMATS
from sklmerge.images.codec._formats import IMAGE_EXTENSIONS as IMAGE_EXTENSIONS
from sklmerge.images.codec._formats import sniff_format as sniff_format
