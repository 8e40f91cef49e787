"""The offline job: folder in, balanced folder out."""

from sklmerge.balance._advice import MODELS as MODELS
from sklmerge.balance._advice import RULES as RULES
from sklmerge.balance._advice import Advice, advise
from sklmerge.balance._audit import AuditReport, audit_split
from sklmerge.balance._job import balance_folder
from sklmerge.balance._separate import separate
from sklmerge.balance.plan import find_groups
from sklmerge.balance.plan import find_parts as find_parts
from sklmerge.balance.work import BalanceReport

__all__ = [
    "Advice",
    "AuditReport",
    "BalanceReport",
    "advise",
    "audit_split",
    "balance_folder",
    "find_groups",
    "separate",
]
