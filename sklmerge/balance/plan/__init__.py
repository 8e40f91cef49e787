"""What becomes of every source: no file is touched here."""

from sklmerge.balance.plan._groups import GroupBy as GroupBy
from sklmerge.balance.plan._groups import describe_groups as describe_groups
from sklmerge.balance.plan._groups import find_groups as find_groups
from sklmerge.balance.plan._groups import read_column as read_column
from sklmerge.balance.plan._metadata import METADATA_NAME as METADATA_NAME
from sklmerge.balance.plan._metadata import MetadataRow as MetadataRow
from sklmerge.balance.plan._metadata import list_metadata as list_metadata
from sklmerge.balance.plan._metadata import read_csv as read_csv
from sklmerge.balance.plan._metadata import write_csv as write_csv
from sklmerge.balance.plan._names import check_class_name as check_class_name
from sklmerge.balance.plan._names import choose_extension as choose_extension
from sklmerge.balance.plan._names import name_file as name_file
from sklmerge.balance.plan._plan import TRAIN as TRAIN
from sklmerge.balance.plan._plan import Plan as Plan
from sklmerge.balance.plan._plan import make_plan as make_plan
from sklmerge.balance.plan._source import PART_NAMES as PART_NAMES
from sklmerge.balance.plan._source import Sources as Sources
from sklmerge.balance.plan._source import list_sources as list_sources
