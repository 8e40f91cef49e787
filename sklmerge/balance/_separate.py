"""separate: a balanced folder back into its original classes."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Literal

from sklmerge._checks import check_choice, check_progress
from sklmerge.balance.plan import (
    PART_NAMES,
    MetadataRow,
    check_class_name,
    name_folder,
    read_csv,
    write_csv,
)
from sklmerge.balance.store import (
    LINKS,
    PLAN_NAME,
    FolderStore,
    check_apart,
    explain_write_error,
    link_whole,
    lock_folder,
)
from sklmerge.balance.work import Progress, read_begun_plan
from sklmerge.images import METADATA_NAME, BadFileError, find_local, is_hidden, is_url


def separate(
    balanced: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    include_augmented: bool = True,
    place: Literal["copy", "hardlink", "symlink"] = "copy",
    progress: Progress | None = None,
) -> dict[str, dict[str, int]]:
    """Restore the original classes of a balanced folder.

    The parts (train, val and test) stay the same. Within each part, every file is put into the
    folder of its original class. The original class of an augmented copy is that of its source
    image.

    Parameters
    ----------
    balanced : path
        A folder that `balance_folder` has finished writing.
    destination : path
        New or empty folder. The folder appears complete or not at all. If a call is interrupted,
        the next call removes its temporary files.
    include_augmented : bool, default=True
        Whether to include the augmented copies.
    place : {"copy", "hardlink", "symlink"}, default="copy"
        Whether to copy or link files.
    progress : callable, default=None
        Called as ``progress(n_done, n_files)``.

    Returns
    -------
    dict of str to dict of str to int
        Part -> original class -> number of files.

    Raises
    ------
    ValueError
        If `balanced` is not complete, or the destination contains files or is in use.
    BadFileError
        If the files in `balanced` do not match its metadata.
    OSError
        If a file cannot be written.

    See Also
    --------
    balance_folder : Writes balanced folders.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklmerge import balance_folder, separate
    >>> from sklmerge.datasets import write_textures
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_textures(folder / "photos")
    >>> merge = {"ground": ["grass", "gravel"]}
    >>> report = balance_folder(folder / "photos", folder / "balanced", merge=merge, split=None)
    >>> counts = separate(folder / "balanced", folder / "apart", include_augmented=False)
    >>> counts["train"] == report.original_counts
    True
    """
    check_progress(progress)
    balanced_path = _check_path(balanced, "balanced")
    target = os.path.realpath(_check_path(destination, "destination"))
    check_choice("place", place, ("copy", *LINKS))
    check_apart(balanced_path, target)
    if os.path.lexists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise ValueError(f"destination must be a new or empty folder, got {target!r}")
    rows = {part: _read_part(balanced_path, part) for part in _list_parts(balanced_path)}
    if not include_augmented:
        rows = {p: [row for row in some if row.augmented == "false"] for p, some in rows.items()}
    n_done, n_files = 0, sum(map(len, rows.values()))
    try:
        with _open_unfinished(target) as unfinished:
            for part, some in rows.items():
                folders = os.path.join(balanced_path, part), os.path.join(unfinished, part)
                for row in some:
                    _place(*folders, row, place)
                    n_done += 1
                    if progress is not None:
                        progress(n_done, n_files)
                _write_part(folders[1], some)
            os.rename(unfinished, target)
    except OSError as error:
        raise explain_write_error(error, target) from error
    return {
        part: dict(sorted(Counter(r.original_label for r in s).items())) for part, s in rows.items()
    }


def _check_path(place: str | os.PathLike[str], name: str) -> str:
    path = find_local(place)
    if is_url(path):
        raise ValueError(
            f"{name} must be a path, got the URL {path!r}; download the folder, and give its path"
        )
    return os.path.abspath(path)


@contextmanager
def _open_unfinished(target: str) -> Iterator[str]:
    """Give one run an empty folder beside the target, without what a killed one has left."""
    parent, name = os.path.split(target)
    # By digest: a name may be as long as names can be.
    digest = blake2b(os.fsencode(name), digest_size=5).hexdigest()
    work = os.path.join(parent, f".sklmerge-{digest}")
    lock = lock_folder(work, target)
    try:
        unfinished = os.path.join(work, "unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        os.mkdir(unfinished)
        yield unfinished
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()
        shutil.rmtree(work, ignore_errors=True)


def _list_parts(balanced: str) -> list[str]:
    finished = os.path.exists(os.path.join(balanced, PLAN_NAME))
    plan = read_begun_plan(FolderStore(balanced)) if finished else None
    if plan is None:
        raise ValueError(
            f"balanced must be a folder that balance_folder has finished, got {balanced!r}, which "
            f"has no {PLAN_NAME}"
        )
    if plan["parameters"].get("place") == "reference":
        raise ValueError(
            f"balanced must hold its images, but {balanced!r} was made with place='reference'; its "
            f"{METADATA_NAME} has the original labels"
        )
    counts = plan.get("counts_after")
    if not isinstance(counts, dict) or not set(counts) <= set(PART_NAMES):
        raise BadFileError(
            f"balanced folder {balanced!r} has a {PLAN_NAME} without the counts of its "
            "parts; run balance_folder again to mend it"
        )
    return list(counts)


def _read_part(balanced: str, part: str) -> list[MetadataRow]:
    """Read the metadata of a part, and check it against the files that are there."""
    folder = os.path.join(balanced, part)
    path = os.path.join(folder, METADATA_NAME)
    try:
        with open(path, "rb") as file:
            rows = read_csv(file.read(), path)
    except FileNotFoundError as error:
        raise BadFileError(f"{path!r} is gone; run balance_folder again to mend it") from error
    listed = {row.file_name for row in rows}
    found = {
        f"{entry.name}/{name}"
        for entry in os.scandir(folder)
        if entry.is_dir()
        for name in os.listdir(entry.path)
        if not is_hidden(name)
    }
    odd = sorted(listed ^ found)
    if odd:
        raise BadFileError(
            f"balanced folder {folder!r} has {len(odd)} files that are only in {METADATA_NAME} or "
            f"only on disk, first: {odd[0]!r}; run balance_folder again to mend it"
        )
    return rows


def _place(source_part: str, target_part: str, row: MetadataRow, place: str) -> None:
    source = os.path.join(source_part, row.file_name)
    path = os.path.join(target_part, _name_apart(row))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if place == "copy":
        shutil.copyfile(source, path)
    else:
        link_whole(source, path, os.path.dirname(path), place)


def _name_apart(row: MetadataRow) -> str:
    return f"{name_folder(check_class_name(row.original_label))}/{os.path.basename(row.file_name)}"


def _write_part(folder: str, rows: list[MetadataRow]) -> None:
    """Write the metadata of a part; its labels are the original ones now."""
    os.makedirs(folder, exist_ok=True)
    apart = (row._replace(file_name=_name_apart(row), label=row.original_label) for row in rows)
    with open(os.path.join(folder, METADATA_NAME), "wb") as file:
        file.writelines(write_csv(apart))
