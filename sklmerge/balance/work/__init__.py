"""A plan carried out by workers."""

from sklmerge.balance.work._copies import OutputSettings as OutputSettings
from sklmerge.balance.work._run import Progress as Progress
from sklmerge.balance.work._run import carry_out as carry_out
