"""What options are called, and the text of each turned into what the library takes.

Nothing here loads the library, so that help and errors of use come at once.
"""

import functools
import inspect
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sklmerge.augment import Augmenter
    from sklmerge.report import Place

Merge = Annotated[
    list[str] | None,
    typer.Option(
        "--merge",
        metavar="AB=A,B",
        help="Merge classes; can be repeated. If names contain commas or equal signs, pass JSON: "
        '\'{"AB": ["A", "B"]}\'. With --levels leaf, --merge parent merges the classes whose '
        "folders are in the same parent folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON, for use by programs.")]
GroupBy = Annotated[
    str | None,
    typer.Option(
        help="Images to keep together: content (equal files), similar (also near duplicates), "
        "a column of a table in SOURCE, or a regular expression.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--n-jobs", "-j", help="Number of workers; -1 means one per core.")
]
Seed = Annotated[int, typer.Option("--random-state", help="Random seed.")]
OnError = Annotated[str, typer.Option(help="What to do with unreadable images: raise or skip.")]
Destination = Annotated[
    str,
    typer.Argument(metavar="DESTINATION", help="New or empty folder, or URL of an object store."),
]
StorageOptions = Annotated[
    str | None,
    typer.Option(
        "--storage-options",
        metavar="JSON",
        help="Options to open a URL, such as '{\"anon\": true}'.",
    ),
]
DestinationOptions = Annotated[
    str | None,
    typer.Option(
        "--destination-options", metavar="JSON", help="Options to open DESTINATION, if different."
    ),
]


def read_merge(entries: list[str] | None) -> dict[str, list[str]] | str | None:
    """Read ``AB=A,B`` entries, or one JSON object, into a merge map; ``parent`` stays a word."""
    if entries == ["parent"]:
        return "parent"
    merge: dict[str, list[str]] = {}
    for entry in entries or []:
        if entry.lstrip().startswith("{"):
            try:
                added = json.loads(entry)
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"--merge must be AB=A,B or a JSON object, got {entry!r}"
                ) from error
        else:
            name, equals, members = entry.partition("=")
            if not (name and equals and members):
                raise ValueError(f"--merge must look like AB=A,B, got {entry!r}")
            added = {name: members.split(",")}
        twice = [name for name in added if name in merge]
        if twice:
            raise ValueError(f"--merge must name each merged class once, got {twice[0]!r} twice")
        merge |= added
    return merge or None


def read_names(option: str, text: str | None) -> list[str] | None:
    """Read names: ``A,B``, or a JSON list."""
    if text is None:
        return None
    names: Any = text.split(",")
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except json.JSONDecodeError:
            names = []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{option} must be A,B or a JSON list of names, got {text!r}")
    return list(names)


def read_storage_options(text: str | None, name: str = "storage_options") -> dict[str, Any] | None:
    """Read the options of fsspec's file system from JSON."""
    if text is None:
        return None
    # The text may hold a key, so no message repeats it.
    try:
        options = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f'{name} must be a JSON object, such as {{"anon": true}}, got text that is no JSON '
            f"({error})"
        ) from error
    if not isinstance(options, dict):
        raise ValueError(
            f'{name} must be a JSON object, such as {{"anon": true}}, got {type(options).__name__}'
        )
    return options


def read_numbers(option: str, text: str, n_most: int) -> tuple[float, ...]:
    """Read numbers separated by commas."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not 1 <= len(numbers) <= n_most:
        raise ValueError(f"{option} must be 1 to {n_most} numbers with commas, got {text!r}")
    return numbers


def read_budget(text: str | None) -> float | None:
    """Convert a disk size, such as ``20GB``, to bytes."""
    if text is None:
        return None
    found = re.fullmatch(r"([\d.]*) *([a-zA-Z]*)", text.strip())
    number, unit = found.groups() if found else ("", "")
    scales = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
    try:
        return float(number) * scales[unit.upper()]
    except (KeyError, ValueError) as error:
        raise ValueError(f"--budget must be a size such as 500MB or 20GB, got {text!r}") from error


def read_max_copies(number: int) -> int | None:
    """Read the maximum number of copies; -1 means no limit."""
    if number < -1:
        raise ValueError(f"max_copies must be at least 0, or -1 for no bound, got {number}")
    return None if number == -1 else number


# What has another form is handed on as it is, for the library to say what it takes.
def read_split(text: str) -> Any:
    """Read fractions of train, val and test, or ``val=0.1,test=50``; ``1`` puts all in train."""
    try:
        if "=" not in text:
            shares = tuple(map(float, text.split(",")))
            return None if shares == (1.0,) else shares
        amounts = (entry.partition("=") for entry in text.split(","))
        return {name.strip(): _read_amount(amount) for name, _, amount in amounts}
    except ValueError:
        return text


def _read_amount(text: str) -> float | int:
    return int(text) if text.strip().isdecimal() else float(text)


def read_image_size(text: str | None) -> Any:
    """Read ``HEIGHTxWIDTH``, or one number for a square; ``(HEIGHT, WIDTH)`` is also allowed."""
    # The error of a wrong size shows it as Python writes it: (224, 224).
    sides = [side.strip() for side in re.split("[x,]", (text or "").lower().strip("() "))]
    if not all(side.isdecimal() for side in sides):
        return text
    return tuple(map(int, sides * 2 if len(sides) == 1 else sides))


def read_samples(text: str) -> Any:
    """Read how many files each class gets: a word, a number, or ``cat=500,dog=300``."""
    if text == "none":
        return None
    if text.isdecimal():
        return int(text)
    entries = [entry.rpartition("=") for entry in text.split(",")]
    if not all(name and number.isdecimal() for name, _, number in entries):
        return text
    return {name: int(number) for name, _, number in entries}


# Option -> its type, metavar and help; names are those of Place.
_SOURCE: dict[str, tuple[str, str]] = {
    "labels": ("TABLE", "CSV file of paths and labels, if SOURCE has no class folders."),
    "path_column": ("NAME", "Column of paths in TABLE.  [default: file_name]"),
    "label_column": ("NAME", "Column of labels in TABLE.  [default: original_label or label]"),
    "suffix": ("TEXT", "Text to append to each path in TABLE, such as .jpg."),
    "classes": ("A,B", "Use only these classes. If names contain commas, pass a JSON list."),
    "levels": ("WORD", "Which folders are classes: top, or leaf (every folder with images)."),
    "extensions": (".A,.B", "File extensions to read, such as .jpg to skip PNG masks."),
    "exclude": ("REGEX", "Leave out files whose paths match, such as _mask or '^old/'."),
    "storage_options": ("JSON", "Options to open a URL, such as '{\"anon\": true}'."),
}
_SOURCE_PANEL = "Which images"


def take_source(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add SOURCE and its reading options to a command, which gets them as ``place``."""

    @functools.wraps(command)
    def run(*args: Any, source: str, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in _SOURCE}
        return command(*args, place=read_place(source, given), **kwargs)

    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.name != "place"]
    argument = typer.Argument(
        metavar="SOURCE",
        help="Folder or URL with a folder for each class, or a CSV file of paths and labels.",
    )
    added = [make_parameter("source", str, argument, inspect.Parameter.empty)]
    for name, (metavar, text) in _SOURCE.items():
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, metavar=metavar, help=text, rich_help_panel=_SOURCE_PANEL)
        own.append(make_parameter(name, str | None, option, None))
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*added, *own)]
    run.__dict__["__signature__"] = signature.replace(parameters=keyword)
    return run


def read_place(source: str, given: dict[str, str | None]) -> "Place":
    """Make a place from SOURCE and its reading options."""
    from pathlib import Path

    from sklmerge.images import find_local, is_url
    from sklmerge.report import Place

    if not source.strip():
        raise ValueError("source must be a folder, a URL or a table, got an empty text")
    place = find_local(source)
    return Place(
        # A path without what it does not need; URLs stay as they are.
        source=place if is_url(place) else str(Path(place)),
        labels=given["labels"],
        path_column=given["path_column"],
        label_column=given["label_column"],
        suffix=given["suffix"],
        classes=read_names("classes", given["classes"]),
        levels=given["levels"],
        extensions=read_names("extensions", given["extensions"]),
        exclude=given["exclude"],
        options=read_storage_options(given["storage_options"]),
    )


# Option -> its type, metavar and help; names are those of ImageAugmenter, but for shift_range,
# which stands for width and height alike.
_AUGMENTER: dict[str, tuple[Any, str | None, str]] = {
    "rotation_range": (float | None, "DEGREES", "Largest rotation in either direction."),
    "shift_range": (
        float | None,
        "FRACTION",
        "Largest shift, as a fraction of the size; values of 1 or more are in pixels.",
    ),
    "shear_range": (float | None, "DEGREES", "Largest shear in either direction."),
    "zoom_range": (float | None, "FRACTION", "Zoom range; 0.2 means factors from 0.8 to 1.2."),
    "brightness_range": (str | None, "LOW,HIGH", "Brightness factor range (1 = unchanged)."),
    "contrast_range": (str | None, "LOW,HIGH", "Contrast factor range (1 = unchanged)."),
    "channel_shift_range": (float | None, "LEVELS", "Largest value added to all channels."),
    "horizontal_flip": (bool, None, "Flip each copy horizontally with probability 0.5."),
    "vertical_flip": (bool, None, "Flip each copy vertically with probability 0.5."),
    "fill_mode": (
        str | None,
        "MODE",
        "How to fill pixels from beyond the border: nearest, constant, reflect or wrap.",
    ),
}
_AUGMENTER_PANEL = "How copies are augmented"


def take_augmenter(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an augmenter to a command, which gets it as ``augmenter``."""

    @functools.wraps(command)
    def run(*args: Any, augment: str, **kwargs: Any) -> Any:
        ranges = {name: kwargs.pop(name) for name in _AUGMENTER}
        return command(*args, augmenter=read_augmenter(augment, ranges), **kwargs)

    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.name != "augmenter"]
    preset = typer.Option(
        help="Augmentation: none, light, strong or trivial.", rich_help_panel=_AUGMENTER_PANEL
    )
    added = [make_parameter("augment", str, preset, "light")]
    for name, (kind, metavar, text) in _AUGMENTER.items():
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, metavar=metavar, help=text, rich_help_panel=_AUGMENTER_PANEL)
        added.append(make_parameter(name, kind, option, False if kind is bool else None))
    run.__dict__["__signature__"] = signature.replace(parameters=[*own, *added])
    return run


def make_parameter(name: str, kind: Any, option: Any, default: Any) -> inspect.Parameter:
    """Make the function parameter from which typer reads an option."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option], default=default
    )


def read_augmenter(augment: str, ranges: dict[str, Any]) -> "Augmenter | None":
    """Build an augmenter from a preset and given ranges; None makes unchanged copies."""
    from sklmerge._checks import check_choice
    from sklmerge.augment import ImageAugmenter, TrivialAugmenter

    check_choice("augment", augment, ("none", "light", "strong", "trivial"))
    # None and False mean not given: these are all that the command line has.
    given = {name: value for name, value in ranges.items() if value not in (None, False)}
    if augment == "trivial":
        unused = [name for name in given if name != "fill_mode"]
        if unused:
            raise ValueError(
                f"--augment trivial takes no --{unused[0].replace('_', '-')}; choose light, strong "
                "or none to set ranges"
            )
        ImageAugmenter(**given).draw_params(0)
        return TrivialAugmenter(**given)
    # It stands for width and height alike.
    if (shift := given.pop("shift_range", None)) is not None:
        given |= {"width_shift_range": shift, "height_shift_range": shift}
    for name in ("brightness_range", "contrast_range"):
        if name in given:
            given[name] = read_numbers(f"--{name.replace('_', '-')}", given[name], 2)
    if augment == "none" and not given:
        return None
    # "none" with a range makes an augmenter with that range alone.
    augmenter = ImageAugmenter() if augment == "none" else ImageAugmenter.preset(augment)
    augmenter.set_params(**given).draw_params(0)
    return augmenter
