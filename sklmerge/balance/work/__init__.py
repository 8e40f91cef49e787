"""A plan carried out by workers."""

from sklmerge.balance.work._begin_or_resume import begin_job as begin_job
from sklmerge.balance.work._begin_or_resume import compare_versions as compare_versions
from sklmerge.balance.work._begin_or_resume import describe_job as describe_job
from sklmerge.balance.work._begin_or_resume import find_begun_plan as find_begun_plan
from sklmerge.balance.work._begin_or_resume import finish_job as finish_job
from sklmerge.balance.work._begin_or_resume import read_begun_plan as read_begun_plan
from sklmerge.balance.work._copies import OutputSettings as OutputSettings
from sklmerge.balance.work._equal_across_parts import find_leaks as find_leaks
from sklmerge.balance.work._equal_across_parts import read_known as read_known
from sklmerge.balance.work._report import BalanceReport as BalanceReport
from sklmerge.balance.work._report import join_reports as join_reports
from sklmerge.balance.work._report import make_report as make_report
from sklmerge.balance.work._workers import Progress as Progress
from sklmerge.balance.work._workers import carry_out as carry_out
