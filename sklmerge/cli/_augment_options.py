"""The options of an augmenter, for every command that varies images."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from sklmerge.augment import Augmenter, ImageAugmenter, TrivialAugmenter
from sklmerge.cli._options import read_numbers

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
