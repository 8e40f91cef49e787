"""Which files are images, where they lie, and what their folders say."""

from sklmerge.images.files._class_folders import check_classes as check_classes
from sklmerge.images.files._class_folders import count_classes as count_classes
from sklmerge.images.files._class_folders import fit_merger as fit_merger
from sklmerge.images.files._paths import ImagePaths as ImagePaths
from sklmerge.images.files._paths import check_rows as check_rows
from sklmerge.images.files._paths import find_rows as find_rows
from sklmerge.images.files._remote import RemoteFiles as RemoteFiles
from sklmerge.images.files._remote import explain_store as explain_store
from sklmerge.images.files._remote import scan_remote_folders as scan_remote_folders
from sklmerge.images.files._scan import ScannedFolder as ScannedFolder
from sklmerge.images.files._scan import check_extensions as check_extensions
from sklmerge.images.files._scan import choose_code_dtype as choose_code_dtype
from sklmerge.images.files._scan import scan_class_folders as scan_class_folders
from sklmerge.images.files._split import choose_sides as choose_sides
from sklmerge.images.files._split import find_positions as find_positions
from sklmerge.images.files._split import number_groups as number_groups
from sklmerge.images.files._split import pool_small_classes as pool_small_classes
from sklmerge.images.files._split import split_by_group as split_by_group
from sklmerge.images.files._split import split_by_rank as split_by_rank
from sklmerge.images.files._urls import check_url as check_url
from sklmerge.images.files._urls import find_local as find_local
from sklmerge.images.files._urls import is_url as is_url
from sklmerge.images.files._urls import show_name as show_name
