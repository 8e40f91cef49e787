"""Ranges by name, for most photographs. None of them flips, which can change what is shown."""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "light": {
        "rotation_range": 15,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "zoom_range": 0.1,
        "brightness_range": (0.9, 1.1),
    },
    "strong": {
        "rotation_range": 30,
        "width_shift_range": 0.2,
        "height_shift_range": 0.2,
        "shear_range": 15,
        "zoom_range": 0.25,
        "brightness_range": (0.7, 1.3),
        "contrast_range": (0.7, 1.3),
    },
}
