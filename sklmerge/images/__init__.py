"""Images on disk: decoded and encoded, indexed, split, read and checked."""

from sklmerge.images._duplicates import NearDuplicates, find_equal, find_near
from sklmerge.images._duplicates import group_equal as group_equal
from sklmerge.images._fingerprints import Fingerprints, take_fingerprints
from sklmerge.images._fingerprints import digest_file as digest_file
from sklmerge.images._fingerprints import digest_pixels as digest_pixels
from sklmerge.images._groups import GroupBy as GroupBy
from sklmerge.images._groups import find_similar as find_similar
from sklmerge.images._groups import join_groups as join_groups
from sklmerge.images._groups import name_groups as name_groups
from sklmerge.images._groups import read_column as read_column
from sklmerge.images._image_report import ImageReport
from sklmerge.images._image_report import verify_files as verify_files
from sklmerge.images._index import ImageIndex
from sklmerge.images._index_rows import get_merge as get_merge
from sklmerge.images._index_rows import merge_index as merge_index
from sklmerge.images._reading import FILES_PER_TASK as FILES_PER_TASK
from sklmerge.images._reading import Fetched as Fetched
from sklmerge.images._reading import Progress as Progress
from sklmerge.images._reading import Reader as Reader
from sklmerge.images._reading import ReadOptions as ReadOptions
from sklmerge.images._reading import fetch_urls as fetch_urls
from sklmerge.images._reading import find_paths as find_paths
from sklmerge.images._reading import gather_images as gather_images
from sklmerge.images._reading import get_ways as get_ways
from sklmerge.images._reading import map_files as map_files
from sklmerge.images._reading import read_bytes as read_bytes
from sklmerge.images._reading import read_image as read_image
from sklmerge.images._reading import read_images as read_images
from sklmerge.images._reading import tell_failures as tell_failures
from sklmerge.images.codec import IMAGE_EXTENSIONS as IMAGE_EXTENSIONS
from sklmerge.images.codec import ImageHeader, decode_image, encode_image, read_header, sniff_format
from sklmerge.images.codec import check_decoding as check_decoding
from sklmerge.images.files import IMAGE_COLUMNS as IMAGE_COLUMNS
from sklmerge.images.files import LEVELS as LEVELS
from sklmerge.images.files import METADATA_NAME as METADATA_NAME
from sklmerge.images.files import BadFileError, ImagePaths
from sklmerge.images.files import RemoteFiles as RemoteFiles
from sklmerge.images.files import ScannedFolder as ScannedFolder
from sklmerge.images.files import Wanted as Wanted
from sklmerge.images.files import advise_on_open as advise_on_open
from sklmerge.images.files import check_classes as check_classes
from sklmerge.images.files import check_exclude as check_exclude
from sklmerge.images.files import check_extensions as check_extensions
from sklmerge.images.files import check_url as check_url
from sklmerge.images.files import count_by_class as count_by_class
from sklmerge.images.files import explain_store as explain_store
from sklmerge.images.files import find_image_column as find_image_column
from sklmerge.images.files import find_local as find_local
from sklmerge.images.files import find_open_path as find_open_path
from sklmerge.images.files import find_positions as find_positions
from sklmerge.images.files import fit_merger as fit_merger
from sklmerge.images.files import is_by_parent as is_by_parent
from sklmerge.images.files import is_hidden as is_hidden
from sklmerge.images.files import is_packed as is_packed
from sklmerge.images.files import is_url as is_url
from sklmerge.images.files import leave_out as leave_out
from sklmerge.images.files import list_folders as list_folders
from sklmerge.images.files import merge_by_parent as merge_by_parent
from sklmerge.images.files import name_source as name_source
from sklmerge.images.files import number_groups as number_groups
from sklmerge.images.files import order_parts as order_parts
from sklmerge.images.files import parse_table as parse_table
from sklmerge.images.files import pool_small_classes as pool_small_classes
from sklmerge.images.files import read_place as read_place
from sklmerge.images.files import scan_class_folders as scan_class_folders
from sklmerge.images.files import scan_remote_folders as scan_remote_folders
from sklmerge.images.files import select_images as select_images
from sklmerge.images.files import show_name as show_name
from sklmerge.images.files import split_by_group as split_by_group
from sklmerge.images.files import split_by_rank as split_by_rank
from sklmerge.images.files import suggest_place as suggest_place

__all__ = [
    "BadFileError",
    "Fingerprints",
    "ImageHeader",
    "ImageIndex",
    "ImagePaths",
    "ImageReport",
    "NearDuplicates",
    "decode_image",
    "encode_image",
    "find_equal",
    "find_near",
    "read_header",
    "sniff_format",
    "take_fingerprints",
]
