"""Where a job writes: a folder, or a folder in an object store."""

from sklmerge.balance.store._folder import FolderStore as FolderStore
from sklmerge.balance.store._folder import explain_write_error as explain_write_error
from sklmerge.balance.store._folder import link_whole as link_whole
from sklmerge.balance.store._folder import lock_folder as lock_folder
from sklmerge.balance.store._objects import ObjectStore as ObjectStore
from sklmerge.balance.store._opening import check_apart as check_apart
from sklmerge.balance.store._opening import check_place as check_place
from sklmerge.balance.store._opening import check_workers as check_workers
from sklmerge.balance.store._opening import open_places as open_places
from sklmerge.balance.store._store import LINKS as LINKS
from sklmerge.balance.store._store import PLAN_NAME as PLAN_NAME
from sklmerge.balance.store._store import WORK_NAME as WORK_NAME
from sklmerge.balance.store._store import Item as Item
from sklmerge.balance.store._store import Outcome as Outcome
from sklmerge.balance.store._store import Present as Present
from sklmerge.balance.store._store import Store as Store
from sklmerge.balance.store._store import Writer as Writer
