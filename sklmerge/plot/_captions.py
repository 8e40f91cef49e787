"""Drawn parameters in, a few short lines for people out."""

from collections.abc import Mapping
from typing import Any


def caption_params(row: Mapping[str, Any]) -> str:
    """Write drawn parameters in a few short lines."""
    lines = []
    for names, unit, scale in _SIGNED:
        values = [show_signed(row[name] * scale, unit) for name in names if name in row]
        if values:
            lines.append(f"{_WORDS[names[0]]} {', '.join(values)}")
    if "zoom_x" in row:
        lines.append(f"zoom {row['zoom_x']:.2f}, {row['zoom_y']:.2f}")
    if "operation" in row:
        operation = str(row["operation"]).replace("_", " ")
        lines.append(operation if operation in _PLAIN else f"{operation} {row['magnitude']:.2f}")
    if "crop" in row:
        lines.append(f"crop {row['crop']:.0%}")
    if row.get("quarter_turns"):
        lines.append(f"turn {row['quarter_turns']:.0f}/4")
    lines += [f"{_WORDS.get(name, name)} {row[name]:.2f}" for name in _FACTORS if name in row]
    if row.get("erase_width"):
        lines.append(f"erased {row['erase_width'] * row['erase_height']:.0%}")
    flips = [_WORDS[name] for name in ("horizontal_flip", "vertical_flip") if row.get(name)]
    return "\n".join([*lines, *flips])


_SIGNED = (
    (("rotation",), "°", 1),
    (("shear",), "°", 1),
    (("shift_x", "shift_y"), "%", 100),
    (("shift_x_pixels", "shift_y_pixels"), " px", 1),
    (("channel_shift",), "", 1),
    (("hue",), "°", 1),
)
_FACTORS = (
    "brightness",
    "contrast",
    "gamma",
    "saturation",
    "blur_sigma",
    "noise_std",
)
_PLAIN = ("identity", "autocontrast", "equalize")
_WORDS = {
    "rotation": "turn",
    "shear": "shear",
    "shift_x": "shift",
    "shift_y": "shift",
    "shift_x_pixels": "shift",
    "shift_y_pixels": "shift",
    "channel_shift": "levels",
    "brightness": "light",
    "hue": "hue",
    "blur_sigma": "blur",
    "noise_std": "noise",
    "horizontal_flip": "mirrored",
    "vertical_flip": "upside down",
}


def show_signed(value: float, unit: str) -> str:
    """Write a whole number with a sign, but for zero."""
    whole = round(value)
    return f"{whole:+d}{unit}" if whole else f"0{unit}"
