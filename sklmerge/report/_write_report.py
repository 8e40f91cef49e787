"""write_report: one HTML page about a folder of images, with everything in it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sklmerge._checks import check_flag, check_progress
from sklmerge._random import hash_texts, rank_keys
from sklmerge.augment import as_augmenter
from sklmerge.balance import AuditReport, audit_split
from sklmerge.images import ImageIndex, Progress, merge_index, show_name
from sklmerge.report._inspection import FolderReport, describe_index
from sklmerge.report._page_security import load_templates, read_file, write_policy
from sklmerge.report._place import Place, find_place
from sklmerge.report._preview import check_outside, write_whole
from sklmerge.report._suggest_folder import FolderSuggestion, suggest_folder
from sklmerge.report._thumbnails import Thumbnails

_Item = TypeVar("_Item")
# What a page shows at most of each kind; it says what it left out.
_MOST_ROWS = 1000
_MOST_GROUPS, _MOST_OF_GROUP = 60, 6
_SHEET_IMAGES, _SHEET_EACH = 1100, 24
_COPIES_OF, _COPIES = 8, 4
_MOST_PAIRS, _MOST_OF_PAIR = 8, 6
# Images of each class that a suggestion of merges looks at: quick beside reading all of them.
_SUGGEST_IMAGES = 60


@dataclass(frozen=True)
class ReportPage:
    """An HTML page about a folder of images. Notebooks display it.

    Attributes
    ----------
    html : str
        The whole page as HTML.
    inspection : FolderReport
        The main results of the page as data, as `inspect_folder` returns them.
    """

    html: str
    inspection: FolderReport

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, either completely or not at all.

        Parameters
        ----------
        path : path
            File to write. An existing file is overwritten.
        """
        write_whole(self.html.encode("utf-8", "backslashreplace"), Path(path))

    def _repr_html_(self) -> str:
        # A frame of its own: the page's styles must not reach the notebook, nor its the page.
        return (
            f'<iframe title="Report of images" sandbox="allow-scripts" width="100%" height="720" '
            f'srcdoc="{escape(self.html, quote=True)}"></iframe>'
        )


def write_report(
    source: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    merge: Any = None,
    force: bool = False,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> ReportPage:
    """Write an HTML page about a folder of images, with its contents, problems and advice.

    The page is a single file that works offline. It shows counts and imbalance of merged and
    original classes, sample images of each class, image sizes and modes, unreadable files,
    duplicates and near duplicates side by side, images that two parts share, suggested merges with
    the confused images, and examples of augmented copies. ``sklmerge report`` writes this page.

    Parameters
    ----------
    source : path, URL or ImageIndex
        Folder of class folders, or an index. If the folder contains train, val and test, the page
        describes train, and shows the images that val or test share with it.
    path : path or None, default=None
        File to write, outside the source. Its extension must be .html or .htm. None writes no file.
    merge : mapping, list of lists, LabelMerger or None, default=None
        Which classes to merge. None uses the merge of the index, if `source` is one.
    force : bool, default=False
        Whether to overwrite an existing file.
    random_state : int, default=0
        Random seed that decides which images are shown and how their copies are augmented.
    n_jobs : int or None, default=None
        Number of threads, as in joblib. Does not change the page.
    progress : callable or None, default=None
        Called as ``progress(n_done, n_files)`` in the calling thread.

    Returns
    -------
    ReportPage

    Raises
    ------
    ImportError
        If jinja2 is not installed.
    ValueError
        If `path` already exists (without `force`), does not end in .html or .htm, or is inside the
        source.
    OSError
        If the page cannot be written.

    See Also
    --------
    inspect_folder : Returns the results as text and data, for programs and terminals.

    Examples
    --------
    >>> import tempfile
    >>> from sklmerge import write_report
    >>> from sklmerge.datasets import write_textures
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_textures(folder + "/photos")
    ...     page = write_report(folder + "/photos", folder + "/report.html")
    >>> page.html[:15], page.inspection.counts
    ('<!doctype html>', {'brick': 160, 'grass': 60, 'gravel': 20})
    """
    check_flag("force", force)
    check_progress(progress)
    environment = load_templates()
    place = source if isinstance(source, Place) else find_place(source)
    parts: dict[str, str] = {}
    if isinstance(source, ImageIndex):
        index = merge_index(source, merge, "write_report")
    else:
        parts = place.find_parts()
        if parts:
            place = place._replace(source=parts.pop("train"), whole=place.source)
        index = place.open_index(merge, allow_empty=True)
    if path is not None:
        target = check_outside("path", path, index, (".html", ".htm"))
        if target.exists() and not force:
            raise ValueError(
                f"path must be new, got {str(target)!r}, which exists; pass force=True"
            )
    verified = index.verify(n_jobs=n_jobs, progress=progress)
    others = {
        name: place._replace(source=folder).open_index(allow_empty=True)
        for name, folder in parts.items()
    }
    audits = {name: audit_split(index, other, n_jobs=n_jobs) for name, other in others.items()}
    bad = {name: len(audits[name].unreadable.keys() & set(others[name].paths)) for name in others}
    bad_elsewhere = {name: n for name, n in bad.items() if n}
    found = describe_index(index, verified, place, merge, None, bad_elsewhere=bad_elsewhere)
    page = _Collector(index, found, random_state, n_jobs)
    context = page.collect([(name, others[name], audits[name]) for name in others])
    html = environment.get_template("page.html").render(context)
    report = ReportPage(html, found)
    if path is not None:
        report.save(path)
    return report


class _Collector:
    """Collects what a page shows, and the thumbnails of it."""

    def __init__(
        self, index: ImageIndex, found: FolderReport, seed: int, n_jobs: int | None
    ) -> None:
        self.index, self.found, self.seed, self.n_jobs = index, found, seed, n_jobs
        self.names = list(index.paths.relative())
        self.rows = {name: row for row, name in enumerate(self.names)}
        self.thumbnails = Thumbnails(index, n_jobs)
        self.left_out: list[str] = []

    def collect(self, parts: list[tuple[str, ImageIndex, AuditReport]]) -> dict[str, Any]:
        """Return the variables of the template; important sections get their thumbnails first."""
        found = self.found
        groups = [
            self._show_groups("Different labels for the same image", "conflicts", found.conflicts),
            self._show_groups("The same file", "duplicates", found.duplicates),
            self._show_groups("The same pixels in different files", "pixels", found.same_pixels),
            self._show_groups("Near duplicates", "similar", found.similar),
        ]
        leaks = [self._show_leaks(*part) for part in parts]
        suggestion = self._show_suggestion()
        copies = self._show_copies()
        sheets = self._show_sheets()
        style, script = read_file("page.css"), read_file("page.js")
        return {
            "found": found,
            "title": f"{found.source}: {found.n_images:,} images of {len(found.counts)} classes",
            "classes": self._list_classes(),
            "originals": self._list_originals(),
            "groups": [group for group in groups if group["n"]],
            "leaks": leaks,
            "suggestion": suggestion,
            "copies": copies,
            "sheets": sheets,
            "bad_files": self._cut("unreadable files", found.bad_files.items(), _MOST_ROWS),
            "wrong": self._cut(
                "files with a wrong extension", found.wrong_extensions.items(), _MOST_ROWS
            ),
            "thumbnails_left_out": self.thumbnails.n_left_out,
            "left_out": self.left_out,
            "style": style,
            "script": script,
            "policy": write_policy(style, script),
            "summary": {
                "source": show_name(found.source),
                "counts": {show_name(str(label)): n for label, n in found.counts.items()},
                "ratio": found.ratio,
                "remedy": found.remedy,
            },
        }

    def _cut(self, what: str, items: Iterable[_Item], most: int) -> list[_Item]:
        """Take the first of a list, and note what is left out."""
        listed = list(items)
        if len(listed) > most:
            self.left_out.append(f"{len(listed) - most:,} of {len(listed):,} {what}")
        return listed[:most]

    def _list_classes(self) -> list[dict[str, Any]]:
        found, largest = self.found, max([*self.found.counts.values(), 1])
        return [
            {
                "label": label,
                "members": [] if found.members[label] == [label] else found.members[label],
                "n": n,
                "bad": found.unreadable_counts.get(label, 0),
                "share": n / max(found.n_images, 1),
                "bar": 100 * n / largest,
                "weight": found.class_weight.get(label, 0.0),
                "copies": found.copies.get(label, 0),
            }
            for label, n in self._cut("classes", found.counts.items(), _MOST_ROWS)
        ]

    def _list_originals(self) -> list[dict[str, Any]]:
        """List the original classes, if some were merged."""
        if self.found.original_counts == self.found.counts:
            return []
        merged = {own: label for label, members in self.found.members.items() for own in members}
        counts = self.found.original_counts
        largest = max([*counts.values(), 1])
        return [
            {"label": own, "merged": merged.get(own, own), "n": n, "bar": 100 * n / largest}
            for own, n in self._cut("original classes", counts.items(), _MOST_ROWS)
        ]

    def _show(self, name: str) -> dict[str, Any]:
        row = self.rows[name]
        label = self.index.original_classes[self.index.original_codes[row]]
        return {"name": name, "label": label, "url": self.thumbnails.find(row)}

    def _show_groups(self, title: str, key: str, groups: list[list[str]]) -> dict[str, Any]:
        first = self._cut(f"groups of {title.lower()}", groups, _MOST_GROUPS)
        some = [group[:_MOST_OF_GROUP] for group in first]
        self.thumbnails.add_rows([self.rows[name] for group in some for name in group])
        shown = [
            {"images": [self._show(name) for name in cut], "n_more": len(group) - len(cut)}
            for cut, group in zip(some, groups, strict=False)
        ]
        return {"title": title, "key": key, "n": len(groups), "groups": shown}

    def _show_leaks(self, name: str, other: ImageIndex, audit: AuditReport) -> dict[str, Any]:
        """Show which images of another part are in train, too."""
        kinds = audit.leaked | dict.fromkeys(audit.look_alikes, "similar")
        pairs = {
            val: train
            for k in ("similar", "same_source", "same_pixels", "same_bytes")
            for train, val in getattr(audit, k)
        }
        some = self._cut(f"leaks into {name}", kinds, _MOST_GROUPS)
        thumbnails = Thumbnails(other, self.n_jobs, max_bytes=300_000, max_images=len(some))
        rows = {path: row for row, path in enumerate(other.paths.relative())}
        thumbnails.add_rows([rows[val] for val in some])
        self.thumbnails.add_rows([self.rows[pairs[val]] for val in some])
        return {
            "part": name,
            "n": len(kinds),
            "n_all": audit.n_val,
            "pairs": [
                {
                    "kind": kinds[val].replace("_", " "),
                    "train": self._show(pairs[val]),
                    "other": {
                        "name": val,
                        "label": other.original_classes[other.original_codes[rows[val]]],
                        "url": thumbnails.find(rows[val]),
                    },
                }
                for val in some
            ],
        }

    def _show_suggestion(self) -> dict[str, Any] | None:
        """Show which classes a quick model confuses, with the images behind it."""
        readable = np.array([name not in self.found.bad_files for name in self.names], bool)
        try:
            told: FolderSuggestion = suggest_folder(
                self.index.take(readable),
                max_images=_SUGGEST_IMAGES,
                random_state=self.seed,
                n_jobs=self.n_jobs,
            )
        except ValueError as error:
            return {"why_not": str(error), "pairs": [], "merge": {}}
        pairs = self._cut("pairs of confused classes", told.pairs, _MOST_PAIRS)
        self.thumbnails.add_rows(
            [self.rows[name] for pair in pairs for name in pair["files"][:_MOST_OF_PAIR]]
        )
        return {
            "why_not": "",
            "all_confused": told.note is not None,
            "accuracy": told.balanced_accuracy,
            "n_images": told.n_images,
            "left_out": told.left_out,
            "merge": told.merge,
            "pairs": [
                {
                    "classes": pair["classes"],
                    "confusability": pair["confusability"],
                    "n": len(pair["files"]),
                    "images": [self._show(name) for name in pair["files"][:_MOST_OF_PAIR]],
                }
                for pair in pairs
            ],
        }

    def _show_copies(self) -> list[dict[str, Any]]:
        """Show what augmented copies of the rarest classes would look like."""
        from sklmerge.plot import pick_file_rows

        rare = sorted(
            (label for label, n in self.found.counts.items() if n),
            key=lambda label: self.found.counts[label],
        )
        rows = pick_file_rows(
            self.index,
            as_augmenter("light"),
            self._cut("classes with samples of copies", rare, _COPIES_OF),
            1,
            _COPIES,
            self.seed,
            bad_files={},
        )
        return [
            {
                "label": row.title.partition("\n")[0],
                "images": [
                    {"url": self.thumbnails.add_image(image), "caption": caption}
                    for image, caption in zip(row.images, row.captions, strict=True)
                ],
            }
            for row in rows
        ]

    def _show_sheets(self) -> list[dict[str, Any]]:
        """Show some images of each class, chosen by the hash of their paths."""
        ranks = rank_keys(hash_texts(self.index.paths.iterate_bytes()), self.seed, "report")
        labels = self._cut("sheets of classes", self.index.classes, _SHEET_IMAGES)
        each = min(max(_SHEET_IMAGES // max(len(labels), 1), 1), _SHEET_EACH)
        readable = np.array([name not in self.found.bad_files for name in self.names], bool)
        chosen = []
        for label in labels:
            members = np.flatnonzero(
                (self.index.codes == self.index.class_indices[label]) & readable
            )
            chosen.append(members[np.argsort(ranks[members], kind="stable")][:each].tolist())
        self.thumbnails.add_rows(_take_turns(chosen))
        return [
            {
                "label": label,
                "n": self.found.counts[label],
                "images": [
                    self._show(self.names[row]) for row in rows if self.thumbnails.find(row)
                ],
            }
            for label, rows in zip(labels, chosen, strict=True)
        ]


def _take_turns(lists: Sequence[Sequence[int]]) -> list[int]:
    """Take the first of each list, then the second of each, so that a cut is fair."""
    longest = max(map(len, lists), default=0)
    return [some[place] for place in range(longest) for some in lists if place < len(some)]
