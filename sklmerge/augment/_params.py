"""AugmentationParams: columns of random parameters, and operations that set them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Column(NamedTuple):
    """One parameter: its neutral value, and the random stream that it draws from."""

    neutral: float | bool | int | str
    stream: int


# Streams are never renumbered: a copy drawn today must come out the same tomorrow.
COLUMNS: Mapping[str, Column] = {
    "rotation": Column(0.0, 0),
    "shift_x": Column(0.0, 1),
    "shift_y": Column(0.0, 2),
    "shift_x_pixels": Column(0.0, 1),
    "shift_y_pixels": Column(0.0, 2),
    "shear": Column(0.0, 3),
    "zoom_x": Column(1.0, 4),
    "zoom_y": Column(1.0, 5),
    "horizontal_flip": Column(False, 6),
    "vertical_flip": Column(False, 7),
    "channel_shift": Column(0.0, 8),
    "contrast": Column(1.0, 9),
    "brightness": Column(1.0, 10),
    "key": Column(0, 11),
    "crop": Column(1.0, 12),
    "crop_x": Column(0.5, 13),
    "crop_y": Column(0.5, 14),
    "quarter_turns": Column(0, 15),
    "gamma": Column(1.0, 16),
    "saturation": Column(1.0, 17),
    "hue": Column(0.0, 18),
    "noise_std": Column(0.0, 19),
    "blur_sigma": Column(0.0, 20),
    "erase_x": Column(0.0, 21),
    "erase_y": Column(0.0, 22),
    "erase_width": Column(0.0, 23),
    "erase_height": Column(0.0, 24),
    # 25 decides whether a rectangle is erased at all, 28 the sign of a magnitude.
    "operation": Column("identity", 26),
    "magnitude": Column(0.0, 27),
    "augmenter": Column(-1, 29),
    "slope_x": Column(0.0, 30),
    "slope_y": Column(0.0, 31),
    "sharpness": Column(1.0, 32),
    "posterize": Column(8, 33),
    "solarize": Column(2.0, 34),
    "autocontrast": Column(False, 35),
    "equalize": Column(False, 36),
}

_KERAS_COLUMNS = {
    "theta": "rotation",
    "tx": "shift_x_pixels",
    "ty": "shift_y_pixels",
    "shear": "shear",
    "zx": "zoom_x",
    "zy": "zoom_y",
    "flip_horizontal": "horizontal_flip",
    "flip_vertical": "vertical_flip",
    "channel_shift_intensity": "channel_shift",
    "brightness": "brightness",
}


@dataclass(frozen=True, eq=False)
class AugmentationParams:
    """How each of n images is augmented: one row per image, one column per parameter.

    You can save the parameters together with the augmented images, and replay them with
    `ImageAugmenter.apply`.

    Parameters
    ----------
    n_rows : int
        Number of images.
    columns : mapping of str to ndarray of shape (n_rows,)
        The values of the parameters in use. A parameter without a column has no effect.
        ``rotation`` and ``shear`` are angles in degrees. ``shift_x`` and ``shift_y`` are fractions
        of the width and height; ``shift_x_pixels`` and ``shift_y_pixels`` are in pixels. ``zoom_x``
        and ``zoom_y`` above 1 zoom out. ``crop`` is the share of the area that is kept; ``crop_x``
        and ``crop_y`` are the position of the crop between the borders (0 to 1). ``quarter_turns``
        are counterclockwise. ``brightness``, ``contrast`` and ``saturation`` are factors, ``gamma``
        is an exponent, and ``hue`` is a rotation in degrees. ``channel_shift`` and ``noise_std``
        are in input units, and ``blur_sigma`` is in pixels. ``erase_x``, ``erase_y``,
        ``erase_width`` and ``erase_height`` are fractions of the width and height. ``key`` selects
        the random stream for noise, erased pixels and your own callable. ``operation`` and
        ``magnitude`` belong to `TrivialAugmenter`. ``augmenter`` is the position of the augmenter
        in a mapping, or -1 for a plain copy.

    See Also
    --------
    ImageAugmenter : Draws and applies these parameters.

    Examples
    --------
    >>> from sklmerge import ImageAugmenter
    >>> params = ImageAugmenter(rotation_range=20).draw_params(3, random_state=0)
    >>> len(params), list(params.columns)
    (3, ['rotation'])
    >>> replayed = AugmentationParams.from_dicts(params.to_dicts())
    >>> bool((replayed["rotation"] == params["rotation"]).all())
    True
    """

    n_rows: int
    columns: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        unknown = [name for name in self.columns if name not in COLUMNS]
        if unknown:
            raise ValueError(f"columns must be among {', '.join(COLUMNS)}, got {unknown[0]!r}")
        expected = (self.n_rows,)
        for name, values in self.columns.items():
            # An array says it itself, four times as fast.
            if getattr(values, "shape", None) != expected and np.shape(values) != expected:
                raise ValueError(
                    f"columns must have shape ({self.n_rows},), got {name!r} of shape "
                    f"{np.shape(values)}"
                )

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column, filled with its neutral value if it is not in use."""
        if name in self.columns:
            return self.columns[name]
        return np.full(self.n_rows, COLUMNS[name].neutral)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def take(self, indices: NDArray[np.intp] | slice) -> "AugmentationParams":
        """Return the parameters of some of the images.

        Parameters
        ----------
        indices : ndarray of int or slice
            The rows to return.

        Returns
        -------
        AugmentationParams
        """
        if isinstance(indices, slice):
            n_rows = len(range(self.n_rows)[indices])
            return AugmentationParams(
                n_rows, {name: values[indices] for name, values in self.columns.items()}
            )
        rows = np.arange(self.n_rows)[indices]
        return AugmentationParams(
            len(rows), {name: values[rows] for name, values in self.columns.items()}
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict of plain numbers per image, ready for JSON.

        Returns
        -------
        list of dict
            Only the columns in use are included. JSON preserves the floats exactly.
        """
        if not self.columns:
            return [{} for _ in range(self.n_rows)]
        lists = [values.tolist() for values in self.columns.values()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*lists, strict=True)]

    @classmethod
    def from_dicts(cls, dicts: Iterable[Mapping[str, Any]]) -> "AugmentationParams":
        """Make parameters from the dicts that `to_dicts` returned.

        Parameters
        ----------
        dicts : iterable of mapping
            One dict per image. A parameter that is missing from a dict has no effect on the image
            of that dict.

        Returns
        -------
        AugmentationParams
        """
        rows = list(dicts)
        names = list(dict.fromkeys(name for row in rows for name in row))
        unknown = [name for name in names if name not in COLUMNS]
        if unknown:
            raise ValueError(f"dicts must hold only {', '.join(COLUMNS)}, got {unknown[0]!r}")
        columns = {
            name: np.array(
                [row.get(name, COLUMNS[name].neutral) for row in rows],
                dtype=np.uint64 if name == "key" else type(COLUMNS[name].neutral),
            )
            for name in names
        }
        return cls(len(rows), columns)

    @classmethod
    def from_keras(cls, dicts: Iterable[Mapping[str, Any]]) -> "AugmentationParams":
        """Make parameters from the dicts of Keras' ``ImageDataGenerator.get_random_transform``.

        Keras draws ``tx`` from ``height_shift_range`` but then shifts columns by ``tx``. It draws
        ``ty`` from ``width_shift_range`` but shifts rows by ``ty``. This method replays what Keras'
        ``apply_transform`` actually does.

        Parameters
        ----------
        dicts : iterable of mapping
            One dict per image, with any of ``theta``, ``tx``, ``ty``, ``shear``, ``zx``, ``zy``,
            ``flip_horizontal``, ``flip_vertical``, ``channel_shift_intensity``, ``brightness``.

        Returns
        -------
        AugmentationParams
        """
        rows = []
        for row in dicts:
            unknown = [name for name in row if name not in _KERAS_COLUMNS]
            if unknown:
                raise ValueError(
                    f"dicts must hold only {', '.join(_KERAS_COLUMNS)}, got {unknown[0]!r}"
                )
            rows.append(
                {_KERAS_COLUMNS[name]: value for name, value in row.items() if value is not None}
            )
        return cls.from_dicts(rows)

    def to_frame(self) -> Any:
        """Return the columns in use as a pandas DataFrame with one row per image."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns), index=pd.RangeIndex(self.n_rows))


class Operation(NamedTuple):
    """One operation: the column that it sets, its magnitudes, and whether a sign is drawn."""

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
    """Convert the operation and magnitude of each row to the column that the operation sets."""
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
