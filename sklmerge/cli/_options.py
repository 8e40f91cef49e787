"""What several commands take: the text of an option in, the library's argument out."""

import json
import re
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Annotated, Any

import typer

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
