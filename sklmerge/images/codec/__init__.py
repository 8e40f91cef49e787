"""Bytes to pixels and back."""

from sklmerge.images.codec._codec import MAX_PIXELS as MAX_PIXELS
from sklmerge.images.codec._codec import check_decoding as check_decoding
from sklmerge.images.codec._codec import check_max_pixels as check_max_pixels
from sklmerge.images.codec._codec import decode_image as decode_image
from sklmerge.images.codec._codec import encode_image as encode_image
from sklmerge.images.codec._headers import FORMAT_NAMES as FORMAT_NAMES
from sklmerge.images.codec._headers import ImageHeader as ImageHeader
from sklmerge.images.codec._headers import read_header as read_header
from sklmerge.images.codec._headers import sniff_format as sniff_format
