"""The plan of a balanced folder, as columns: what becomes of every source. No file is touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_samples_per_class
from sklmerge._did_you_mean import suggest_names
from sklmerge._random import hash_texts, rank_keys
from sklmerge.balance.plan._names import find_unsafe_names, join_base, make_base, name_folder
from sklmerge.balance.plan._parts_and_folds import TRAIN
from sklmerge.images import ImagePaths, find_positions

AS_IT_IS = -1


@dataclass(frozen=True, eq=False)
class Plan:
    """The plan of a balanced folder: what to do with each source."""

    # Hashed and named without their root.
    paths: ImagePaths
    # What the codes below stand for.
    part_names: tuple[str, ...]
    original_names: tuple[str, ...]
    merged_names: tuple[str, ...]
    # One for each source from here on; part 0 is train.
    parts: NDArray[np.int8]
    originals: NDArray[np.int32]
    merged: NDArray[np.int32]
    # 64 bits of the path's digest: where the random streams of the copies begin.
    keys: NDArray[np.uint64]
    # Whether the file names need a digest.
    unsafe: NDArray[np.bool_]
    # What orders the sources of a class for choosing and drawing.
    ranks: NDArray[np.uint64]
    # Files that each merged class shall have in train, -1 as it is.
    targets: NDArray[np.int64]
    max_copies: int | None
    # Copies beside the source itself, -1 if the source is not used.
    copies: NDArray[np.int64]
    # The first file of a source that is written: 0 is its own, 1 its first copy.
    first_copy: int = 0

    def drop(self, unreadable: NDArray[np.bool_]) -> "Plan":
        """Leave out the unreadable sources; in train, others replace them."""
        copies = np.where(unreadable, -1, 0).astype(np.int64)
        # Files that are planned here and not unreadable stay planned, so work done is not lost.
        drawn = (self.parts == TRAIN) & ~unreadable
        copies[drawn] = spread_copies(
            self.merged[drawn], self.ranks[drawn], self.targets, self.max_copies
        )
        return replace(self, copies=copies)

    def count_sources(self) -> NDArray[np.int64]:
        """Count the sources of each part and merged class, shape (n_parts, n_merged)."""
        return self._count(np.ones(len(self.copies), np.int64))

    def count_used(self) -> NDArray[np.int64]:
        """Count the used sources of each part and merged class, shape (n_parts, n_merged)."""
        return self._count((self.copies >= 0).astype(np.int64))

    def count_files(self) -> NDArray[np.int64]:
        """Count the images of each part and class, with copies, shape (n_parts, n_merged)."""
        return self._count(self.copies + 1)

    def count_written(self) -> NDArray[np.int64]:
        """Count the files to write for each part and merged class, shape (n_parts, n_merged)."""
        return self._count(np.maximum(self.copies + 1 - self.first_copy, 0))

    def list_members(self) -> dict[str, list[str]]:
        """List the original classes of each merged class."""
        pairs = sorted(set(zip(self.merged.tolist(), self.originals.tolist(), strict=True)))
        members: dict[str, list[str]] = {label: [] for label in self.merged_names}
        for merged, original in pairs:
            members[self.merged_names[merged]].append(self.original_names[original])
        return members

    def count_originals(self) -> dict[str, int]:
        """Count the sources of each original class."""
        counts = np.bincount(self.originals, minlength=len(self.original_names))
        return dict(zip(self.original_names, counts.tolist(), strict=True))

    def _count(self, weights: NDArray[np.int64]) -> NDArray[np.int64]:
        shape = len(self.part_names), len(self.merged_names)
        cells = self.parts * np.int64(shape[1]) + self.merged
        counts = np.bincount(cells, weights, minlength=shape[0] * shape[1])
        return counts.astype(np.int64).reshape(shape)

    @property
    def folder_names(self) -> tuple[str, ...]:
        """The folder name of each merged class, which is its label with some characters escaped."""
        return tuple(map(name_folder, self.merged_names))

    def name_base(self, row: int) -> str:
        """Make the prefix of the file names of one source."""
        path = self.paths.get_bytes(row)
        base = join_base(self.original_names[self.originals[row]], path)
        return make_base(base, path, bool(self.unsafe[row]))

    def name_labels(self, row: int) -> tuple[str, str]:
        """Return the original and the merged class of one source."""
        return (
            self.original_names[self.originals[row]],
            self.merged_names[self.merged[row]],
        )

    def list_rows(self, part: int) -> NDArray[np.int64]:
        """List the used sources of a part, sorted by merged class and then by path."""
        rows = np.flatnonzero((self.parts == part) & (self.copies >= 0))
        return rows[np.argsort(self.merged[rows], kind="stable")]

    def digest(self, parameters: str) -> str:
        """Hash this plan and the parameters of the job; return 32 hex digits."""
        # No file's content is in it.
        state = blake2b(parameters.encode("utf-8", "backslashreplace"), digest_size=16)
        for path in self.paths.iterate_bytes():
            # A path holds no NUL.
            state.update(path + b"\0")
        for names in (self.part_names, self.original_names, self.merged_names):
            state.update("\0".join((*names, "")).encode("utf-8", "surrogateescape"))
        for column in (self.parts, self.originals, self.merged, self.unsafe, self.copies):
            state.update(column.astype("<i8").tobytes())
        return state.hexdigest()


def make_plan(
    paths: ImagePaths,
    original_names: Sequence[str],
    originals: NDArray[np.int32],
    mapping: Mapping[str, str],
    *,
    seed: int,
    parts: NDArray[np.int8],
    part_names: Sequence[str] = ("train",),
    samples_per_class: str | int | Mapping[str, int] | None = "majority",
    max_copies: int | None = None,
    first_copy: int = 0,
) -> Plan:
    """Plan a balanced folder: merge classes, set targets, choose images, then add copies."""
    merged_names = tuple(sorted(set(mapping.values())))
    merged = merge_codes(originals, original_names, mapping)
    keys = hash_texts(paths.iterate_bytes())
    unsafe = find_unsafe_names(
        (merged_names[code] for code in merged),
        (
            join_base(original_names[code], path)
            for code, path in zip(originals, paths.iterate_bytes(), strict=True)
        ),
    )
    train_counts = np.bincount(merged[parts == TRAIN], minlength=len(merged_names))
    plan = Plan(
        paths=paths,
        part_names=tuple(part_names),
        original_names=tuple(original_names),
        merged_names=merged_names,
        parts=parts,
        originals=originals,
        merged=merged,
        keys=keys,
        unsafe=unsafe,
        ranks=rank_keys(keys, seed, "draw"),
        targets=resolve_targets(samples_per_class, train_counts, merged_names),
        max_copies=max_copies,
        copies=np.zeros(len(paths), np.int64),
        first_copy=first_copy,
    )
    return plan.drop(np.zeros(len(paths), np.bool_))


def merge_codes(
    originals: NDArray[np.int32], original_names: Sequence[str], mapping: Mapping[str, str]
) -> NDArray[np.int32]:
    """Convert codes of original classes to codes of the merged classes, which are sorted."""
    merged_names = sorted(set(mapping.values()))
    merged_of = np.array([merged_names.index(mapping[name]) for name in original_names], np.int32)
    return merged_of[originals]


def resolve_targets(
    samples_per_class: str | int | Mapping[str, int] | None,
    counts: NDArray[np.int64],
    classes: Sequence[str],
) -> NDArray[np.int64]:
    """Convert `samples_per_class` to the number of files of each class; -1 means unchanged."""
    targets = np.full(len(classes), AS_IT_IS, np.int64)
    samples_per_class = check_samples_per_class(samples_per_class)
    if samples_per_class is None or samples_per_class == "natural":
        return targets
    if isinstance(samples_per_class, str):
        targets[:] = counts.max() if samples_per_class == "majority" else counts.min()
        return targets
    if isinstance(samples_per_class, Mapping):
        unknown = [label for label in samples_per_class if label not in classes]
        if unknown:
            raise ValueError(
                f"samples_per_class has classes that are not in the source: {unknown[0]!r}"
                f"{suggest_names(unknown[:1], classes)}; "
                f"the merged classes are {', '.join(map(repr, classes))}"
            )
        for label, target in samples_per_class.items():
            targets[list(classes).index(label)] = target
        return targets
    targets[:] = samples_per_class
    return targets


def spread_copies(
    classes: NDArray[np.int32],
    ranks: NDArray[np.uint64],
    targets: NDArray[np.int64],
    max_copies: int | None,
) -> NDArray[np.int64]:
    """Return the copies of each source, spread evenly by rank; -1 for sources to leave out."""
    positions = find_positions(classes, ranks)
    sizes = np.bincount(classes, minlength=len(targets))
    lacking = np.where(targets == AS_IT_IS, 0, np.maximum(targets - sizes, 0))
    if max_copies is not None:
        lacking = np.minimum(lacking, max_copies * sizes)
    # Within a class numbers differ by 1 at most, and losing a source lowers no other's number.
    n_copies = lacking[classes] // sizes[classes] + (positions < lacking[classes] % sizes[classes])
    kept = (targets[classes] == AS_IT_IS) | (positions < targets[classes])
    return np.where(kept, n_copies, -1)
