"""The options of an augmenter, for every command that varies images."""

import functools
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from shlex import quote
from typing import Annotated, Any

import typer

from sklmerge.augment import Augmenter, ImageAugmenter, TrivialAugmenter

Merge = Annotated[
    list[str] | None,
    typer.Option(
        "--merge",
        metavar="AB=A,B",
        help="Count classes as one; may be given again. For names with commas or equal signs "
        'pass JSON: \'{"AB": ["A", "B"]}\'.',
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--classes",
        metavar="A,B",
        help="Take these class folders alone. For names with commas pass a JSON list.",
    ),
]
MaxPixels = Annotated[
    int,
    typer.Option(min=1, help="Refuse larger images, which may be decompression bombs."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs, and nothing else.")]
GroupBy = Annotated[
    str | None,
    typer.Option(
        help="What must stay together: a column of SRC's metadata.csv, a regular expression, or "
        "content (equal files; reads all of them)."
    ),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Workers; -1 is one per core.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything that is random.")]


def read_merge(entries: list[str] | None) -> dict[str, list[str]] | None:
    """Read ``AB=A,B`` entries, or one JSON object, into a merge map."""
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


def read_classes(text: str | None) -> list[str] | None:
    """Read names of class folders: ``A,B``, or a JSON list."""
    if text is None:
        return None
    names: Any = text.split(",")
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except json.JSONDecodeError:
            names = []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"--classes must be A,B or a JSON list of names, got {text!r}")
    return list(names)


def write_classes(classes: Sequence[str] | None) -> str:
    """Write the option that `read_classes` reads, for a shell; JSON where a name has its signs."""
    if classes is None:
        return ""
    plain = not any("," in name or name.startswith("[") for name in classes)
    return f" --classes {quote(','.join(classes) if plain else json.dumps(list(classes)))}"


def write_merge(merge: Mapping[str, Sequence[str]] | None) -> str:
    """Write the options that `read_merge` reads, for a shell; JSON where a name has their signs."""
    entries = {}
    for name, members in (merge or {}).items():
        plain = not any(sign in part for part in (name, *members) for sign in ",={")
        entries[name] = f"{name}={','.join(members)}" if plain else json.dumps({name: members})
    return "".join(f" --merge {quote(entry)}" for entry in entries.values())


def read_numbers(option: str, text: str, n_most: int) -> tuple[float, ...]:
    """Read numbers separated by commas."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not 1 <= len(numbers) <= n_most:
        raise ValueError(f"{option} must be 1 to {n_most} numbers with commas, got {text!r}")
    return numbers


def read_size(text: str) -> float:
    """Read a size on the disk, such as ``20GB``, into bytes."""
    found = re.fullmatch(r"([\d.]*) *([a-zA-Z]*)", text.strip())
    number, unit = found.groups() if found else ("", "")
    scales = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
    try:
        return float(number) * scales[unit.upper()]
    except (KeyError, ValueError) as error:
        raise ValueError(f"--budget must be a size such as 500MB or 20GB, got {text!r}") from error


def read_split(text: str) -> tuple[float, ...] | None:
    """Read the shares of train, val and test; ``1`` puts all in train."""
    shares = read_numbers("--split", text, 3)
    return None if len(shares) == 1 and shares[0] == 1 else shares


def read_image_size(text: str) -> tuple[int, int]:
    """Read ``HEIGHTxWIDTH``, or one number for a square."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise ValueError(f"--image-size must look like 224x224 (height x width), got {text!r}")
    return int(sides[0]), int(sides[-1])


def read_samples(text: str) -> str | int | dict[str, int] | None:
    """Read how many files each class gets: a word, a number, or ``cat=500,dog=300``."""
    if text == "none":
        return None
    if text in ("majority", "minority"):
        return text
    if text.isdecimal():
        return int(text)
    entries = [entry.rpartition("=") for entry in text.split(",")]
    if not all(name and number.isdecimal() for name, _, number in entries):
        raise ValueError(
            "--samples-per-class must be majority, minority, none, a number or "
            f"CLASS=NUMBER,..., got {text!r}"
        )
    return {name: int(number) for name, _, number in entries}


# Option -> its type, metavar and help; names are those of ImageAugmenter, but for shift_range,
# which stands for width and height alike.
_OPTIONS: dict[str, tuple[Any, str | None, str]] = {
    "rotation_range": (float | None, "DEGREES", "Largest turn to either side."),
    "shift_range": (float | None, "FRACTION", "Largest shift; from 1 on, in pixels."),
    "shear_range": (float | None, "DEGREES", "Largest shear to either side."),
    "zoom_range": (float | None, "FRACTION", "0.2 draws from 0.8 to 1.2."),
    "brightness_range": (str | None, "LOW,HIGH", "Factors on the distance from black."),
    "contrast_range": (str | None, "LOW,HIGH", "Factors on the distance from mean grey."),
    "channel_shift_range": (float | None, "LEVELS", "Largest value added or taken away."),
    "horizontal_flip": (bool, None, "Mirror every other copy left to right."),
    "vertical_flip": (bool, None, "Mirror every other copy upside down."),
    "fill_mode": (str | None, "MODE", "Past the border: nearest, constant, reflect or wrap."),
}
_PANEL = "How copies are varied"


def take_augmenter(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an augmenter; it gets what they make as ``augmenter``."""

    @functools.wraps(command)
    def run(*args: Any, augment: str, **kwargs: Any) -> Any:
        ranges = {name: kwargs.pop(name) for name in _OPTIONS}
        return command(*args, augmenter=read_augmenter(augment, ranges), **kwargs)

    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.name != "augmenter"]
    preset = typer.Option(help="none, light, strong or trivial.", rich_help_panel=_PANEL)
    added = [make_parameter("augment", str, preset, "light")]
    for name, (kind, metavar, text) in _OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, metavar=metavar, help=text, rich_help_panel=_PANEL)
        added.append(make_parameter(name, kind, option, False if kind is bool else None))
    run.__dict__["__signature__"] = signature.replace(parameters=[*own, *added])
    return run


def make_parameter(name: str, kind: Any, option: Any, default: Any) -> inspect.Parameter:
    """Describe one option as the parameter that typer reads it from."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option], default=default
    )


def read_augmenter(augment: str, ranges: dict[str, Any]) -> Augmenter | None:
    """Build the augmenter of a preset, changed by the ranges that were given.

    Parameters
    ----------
    augment : {"none", "light", "strong", "trivial"}
        The preset. "none" with a range makes an augmenter with that range alone; "trivial" has no
        ranges, but for ``fill_mode``.
    ranges : dict
        Constructor arguments of `ImageAugmenter`; None and False mean not given. ``shift_range``
        stands for width and height alike.

    Returns
    -------
    Augmenter or None
        None makes plain copies.
    """
    if augment not in ("none", "light", "strong", "trivial"):
        raise ValueError(f"--augment must be one of none, light, strong, trivial, got {augment!r}")
    given = {name: value for name, value in ranges.items() if value not in (None, False)}
    if augment == "trivial":
        return read_trivial(given)
    if (shift := given.pop("shift_range", None)) is not None:
        given |= {"width_shift_range": shift, "height_shift_range": shift}
    for name in ("brightness_range", "contrast_range"):
        if name in given:
            given[name] = read_numbers(f"--{name.replace('_', '-')}", given[name], 2)
    if augment == "none" and not given:
        return None
    augmenter = ImageAugmenter() if augment == "none" else ImageAugmenter.preset(augment)
    augmenter.set_params(**given).draw_params(0)
    return augmenter


def read_trivial(given: dict[str, Any]) -> TrivialAugmenter:
    """Build a TrivialAugmenter, which has no ranges to change."""
    unused = [name for name in given if name != "fill_mode"]
    if unused:
        raise ValueError(
            f"--augment trivial takes no --{unused[0].replace('_', '-')}; choose light, strong or "
            "none to set ranges"
        )
    augmenter = TrivialAugmenter(**given)
    ImageAugmenter(**given).draw_params(0)
    return augmenter
