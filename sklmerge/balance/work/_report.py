"""What a job has done, for people, for programs and for plan.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sklmerge.balance.plan import TRAIN, Cleaned, Plan
from sklmerge.images import show_name
from sklmerge.weights import ClassWeightEstimator

# Original classes of a merged class that a table names.
_MOST_MEMBERS = 5

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class BalanceReport:
    """The result of `balance_folder`. With ``dry_run=True``, this is the expected result.

    Parameters
    ----------
    members : dict of str to list of str
        Merged class -> its original classes.
    original_counts : dict of str to int
        Number of images of each original class in the source.
    counts_before, counts_after : dict of str to dict of str to int
        Part -> merged class -> number of source images assigned to this part (including unreadable
        images), and number of files in the part after balancing.
    counts_sources, counts_copies : dict of str to dict of str to int
        Part -> merged class -> number of files that are source images, and number of files that are
        copies.
    targets : dict of str to int
        Merged class -> requested number of files in train.
    class_weight : dict of str to float
        Merged class -> weight that compensates for the imbalance that remains in train. These are
        scikit-learn's "balanced" weights, and their mean over the files is 1.
    skipped : dict of str to str
        Path of each image that could not be read -> the reason.
    n_files : int
        Number of files in all parts, not counting source images that are only referenced.
    n_bytes : int or None
        Size of these files on disk, in bytes, not counting links. None for a dry run.
    leaks : list of list of str
        Groups of paths whose files are byte-identical but in different parts. This is not checked
        if the source is a URL, or if source images are only referenced.
    other_versions : dict of str to list of str
        Library -> its version when an earlier run finished the folder, and its current version.
        Only libraries whose versions differ are listed.
    dropped : dict of str to dict of str to str
        Images that `drop` left out: kind -> path -> the reason or, for kinds that compare images,
        the path of the matching image.
    conflicts : list of list of str
        Groups of paths of equal images that have different labels and were kept. This is only
        checked if `drop` is given.

    See Also
    --------
    balance_folder : Writes a balanced folder and returns this report.
    ClassBalanceDisplay : Draws the counts of this report.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import balance_folder
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder)
    ...     report = balance_folder(folder, folder + "-balanced", dry_run=True)
    >>> report.counts_after["val"]
    {'brick': 32, 'grass': 12, 'gravel': 4}
    """

    members: dict[str, list[str]]
    original_counts: dict[str, int]
    counts_before: Counts
    counts_after: Counts
    counts_sources: Counts
    counts_copies: Counts
    targets: dict[str, int]
    class_weight: dict[str, float]
    skipped: dict[str, str]
    n_files: int
    n_bytes: int | None = None
    leaks: list[list[str]] = field(default_factory=list)
    other_versions: dict[str, list[str]] = field(default_factory=dict)
    dropped: dict[str, dict[str, str]] = field(default_factory=dict)
    conflicts: list[list[str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values that JSON can store."""
        return asdict(self)

    def to_text(self) -> str:
        """Return a table as text: one line per merged class, then remarks."""
        header = ["class", "of", *self.counts_before, "weight"]
        lines = [header]
        for label, members in self.members.items():
            changes = [
                _tell_change(self.counts_before[part][label], self.counts_after[part][label])
                for part in self.counts_before
            ]
            origin = "" if members == [label] else _list_members(members)
            lines.append([show_name(label), origin, *changes, f"{self.class_weight[label]:.3g}"])
        if all(not line[1] for line in lines[1:]):
            lines = [[line[0], *line[2:]] for line in lines]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([*table, *self._list_remarks()])

    def _list_remarks(self) -> list[str]:
        size = "" if self.n_bytes is None else f", {self.n_bytes / 1e6:.1f} MB"
        remarks = [f"{self.n_files} files{size}"]
        after = self.counts_after.get("train", {})
        short = {
            c: target - after[c]
            for c, target in self.targets.items()
            if c in after and after[c] < target
        }
        if short:
            lacking = ", ".join(f"{show_name(label)} {n}" for label, n in short.items())
            remarks.append(f"files missing because of max_copies: {lacking}; use the class weights")
        for part, counts in self.counts_after.items():
            empty = [show_name(label) for label, n in counts.items() if n == 0]
            if empty:
                remarks.append(f"{part} has no image of: {', '.join(empty)}")
        if self.skipped:
            path, reason = next(iter(self.skipped.items()))
            remarks.append(
                f"{len(self.skipped)} files skipped, first: {show_name(path)} ({reason}); "
                "the counts before balancing include them"
            )
        if self.leaks:
            first = " = ".join(map(show_name, self.leaks[0]))
            remarks.append(
                f"groups of equal files in different parts: {len(self.leaks)}, first: {first}; "
                "group_by='content' keeps equal files in one part; if the source is already "
                "divided into parts, drop='leaks' leaves such files out"
            )
        if any(self.dropped.values()):
            told = ", ".join(f"{len(files)} {kind}" for kind, files in self.dropped.items())
            remarks.append(f"left out before the split: {told}; plan.json lists them")
        if self.conflicts:
            first = " = ".join(map(show_name, self.conflicts[0]))
            remarks.append(
                f"groups of equal images with different labels: {len(self.conflicts)}, first: "
                f"{first}; correct the labels, or leave these images out with drop='conflicts'"
            )
        if self.other_versions:
            remarks.append(
                f"finished earlier with other versions ({tell_changes(self.other_versions)}); "
                "files that are complete stay as they are"
            )
        return remarks

    def __str__(self) -> str:
        return self.to_text()


def tell_changes(versions: Mapping[str, Sequence[str]]) -> str:
    """List the versions that differ, such as "numpy 1.26, now 2.3"."""
    return "; ".join(f"{name} {then}, now {now}" for name, (then, now) in versions.items())


def _list_members(members: Sequence[str]) -> str:
    """List the classes of a merged class on a line; the first of many."""
    shown = ", ".join(map(show_name, members[:_MOST_MEMBERS]))
    n_more = len(members) - _MOST_MEMBERS
    return f"{shown} and {n_more} more" if n_more > 0 else shown


def _tell_change(before: int, after: int) -> str:
    return str(after) if before == after else f"{before} -> {after}"


def make_report(
    plan: Plan,
    skipped: Mapping[str, str],
    n_bytes: int | None = None,
    leaks: list[list[str]] | None = None,
    other_versions: dict[str, list[str]] | None = None,
    cleaned: Cleaned | None = None,
) -> BalanceReport:
    """Make the report of a plan, before or after it is carried out."""
    labels = plan.merged_names
    before, used, after = plan.count_sources(), plan.count_used(), plan.count_files()
    train = {label: int(n) for label, n in zip(labels, after[TRAIN], strict=True)}
    return BalanceReport(
        members=plan.list_members(),
        original_counts=plan.count_originals(),
        counts_before=_name_counts(plan, before),
        counts_after=_name_counts(plan, after),
        counts_sources=_name_counts(plan, used),
        counts_copies=_name_counts(plan, after - used),
        targets={c: int(t) for c, t in zip(labels, plan.targets, strict=True) if t >= 0},
        class_weight=dict(ClassWeightEstimator().fit_counts(train).class_weight_),
        skipped=dict(skipped),
        n_files=int(plan.count_written().sum()),
        n_bytes=n_bytes,
        leaks=leaks or [],
        other_versions=other_versions or {},
        dropped=cleaned.dropped if cleaned else {},
        conflicts=cleaned.conflicts if cleaned else [],
    )


def join_reports(reports: Sequence[BalanceReport]) -> BalanceReport:
    """Join the reports of folds into one report, with parts named fold1/train and so on."""
    first = reports[0]

    def join_counts(name: str) -> Counts:
        return {
            f"fold{number}/{part}": counts
            for number, report in enumerate(reports, start=1)
            for part, counts in getattr(report, name).items()
        }

    # The weights are those of all training parts together.
    train = {c: sum(r.counts_after["train"][c] for r in reports) for c in first.members}
    sizes = [report.n_bytes for report in reports]
    return replace(
        first,
        counts_before=join_counts("counts_before"),
        counts_after=join_counts("counts_after"),
        counts_sources=join_counts("counts_sources"),
        counts_copies=join_counts("counts_copies"),
        class_weight=dict(ClassWeightEstimator().fit_counts(train).class_weight_),
        skipped={path: why for report in reports for path, why in report.skipped.items()},
        n_files=sum(report.n_files for report in reports),
        n_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        leaks=[same for report in reports for same in report.leaks],
    )


def _name_counts(plan: Plan, counts: Any) -> Counts:
    return {
        part: dict(zip(plan.merged_names, row.tolist(), strict=True))
        for part, row in zip(plan.part_names, counts, strict=True)
    }
