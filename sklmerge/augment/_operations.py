"""The operations that TrivialAugment chooses from, and the plain column each stands for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment._params import COLUMNS, AugmentationParams


class Operation(NamedTuple):
    """One operation: the column it stands for, its magnitudes, and whether a sign is drawn."""

    column: str | None
    magnitudes: NDArray[np.float64]
    signed: bool = False
    around: float = 0.0


_STRENGTHS = np.linspace(0, 1, 31)
# Mueller and Hutter 2021, table 5: the "wide" ranges.
OPERATIONS: Mapping[str, Operation] = {
    "identity": Operation(None, _STRENGTHS * 0),
    "shear_x": Operation("slope_x", _STRENGTHS * 0.99, signed=True),
    "shear_y": Operation("slope_y", _STRENGTHS * 0.99, signed=True),
    "translate_x": Operation("shift_x_pixels", _STRENGTHS * 32, signed=True),
    "translate_y": Operation("shift_y_pixels", _STRENGTHS * 32, signed=True),
    "rotate": Operation("rotation", _STRENGTHS * 135, signed=True),
    "brightness": Operation("brightness", _STRENGTHS * 0.99, signed=True, around=1),
    "color": Operation("saturation", _STRENGTHS * 0.99, signed=True, around=1),
    "contrast": Operation("contrast", _STRENGTHS * 0.99, signed=True, around=1),
    "sharpness": Operation("sharpness", _STRENGTHS * 0.99, signed=True, around=1),
    "posterize": Operation("posterize", 8 - np.rint(_STRENGTHS * 6)),
    "solarize": Operation("solarize", 1 - _STRENGTHS),
    "autocontrast": Operation("autocontrast", _STRENGTHS * 0 + 1),
    "equalize": Operation("equalize", _STRENGTHS * 0 + 1),
}


def expand_operations(params: AugmentationParams) -> AugmentationParams:
    """Write each row's operation and magnitude as the plain column that it stands for.

    Parameters
    ----------
    params : AugmentationParams
        With or without a column ``operation``.

    Returns
    -------
    AugmentationParams
        Without one.

    Raises
    ------
    ValueError
        If an operation is unknown.
    """
    if "operation" not in params:
        return params
    columns: dict[str, NDArray[Any]] = {
        name: values
        for name, values in params.columns.items()
        if name not in ("operation", "magnitude")
    }
    for name in np.unique(params["operation"]).tolist():
        if name not in OPERATIONS:
            raise ValueError(f"operation must be one of {', '.join(OPERATIONS)}, got {name!r}")
        column = OPERATIONS[name].column
        if column is not None:
            rows = params["operation"] == name
            neutral = COLUMNS[column].neutral
            values = np.where(rows, params["magnitude"], neutral).astype(type(neutral))
            columns[column] = values
    return AugmentationParams(len(params), columns)
