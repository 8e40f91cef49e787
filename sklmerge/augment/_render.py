"""Images and parameters in, varied images out: one warp, one recolouring, chunk by chunk."""

from dataclasses import dataclass
from typing import Any, Protocol

import joblib
import numpy as np
from numpy.typing import NDArray

from sklmerge._resize import resize_image
from sklmerge.augment._affine import (
    compose_affine,
    compose_resize,
    find_symmetries,
    measure_margins,
)
from sklmerge.augment._color import (
    COLOR_COLUMNS,
    measure_images,
    needs_statistics,
    recolor_floats,
    recolor_integers,
)
from sklmerge.augment._effects import EFFECT_COLUMNS, apply_effects
from sklmerge.augment._geometry import Warper, choose_frame, mirror_image
from sklmerge.augment._normalize import GainBias, scale_integers
from sklmerge.augment._params import AugmentationParams

# What reads or writes values, not only moves them.
VALUE_COLUMNS = COLOR_COLUMNS | EFFECT_COLUMNS

# So few images of 224 x 224 x 3 stay in the second-level cache between the warp and the lookup.
_CHUNK = 8
# So many chunks make a task for a thread worth its start.
_CHUNKS_PER_TASK = 8


class Preparation(Protocol):
    """What rendering asks of an `ImageScaler`."""

    def find_affine(self, n_channels: int) -> GainBias | None:
        """Return gain and bias of shape (1,) or (C,), or None where one affine map is not all."""

    def prepare_batch(self, images: NDArray[Any]) -> NDArray[Any]:
        """Prepare images that already have the right size."""


@dataclass(frozen=True)
class RenderSettings:
    """How pixels are found and bounded, the same for every image."""

    fill_mode: str
    cval: float
    interpolation: str
    bounds: tuple[float, float]


def render_images(
    images: NDArray[Any],
    indices: NDArray[np.intp],
    params: AugmentationParams,
    settings: RenderSettings,
    out: NDArray[Any],
    *,
    preparation: Preparation | None = None,
    n_jobs: int | None = None,
) -> None:
    """Vary image ``indices[i]`` by row i of the parameters into ``out[i]``.

    Parameters
    ----------
    images : array of shape (m, H, W) or (m, H, W, C)
        Sources, never written to.
    indices : ndarray of int, shape (n,)
        Which source each row of the parameters varies.
    params : AugmentationParams
        Of n images.
    settings : RenderSettings
        The same for all.
    out : ndarray of shape (n, h, w) or (n, h, w, C)
        Contiguous; its height and width are the output's.
    preparation : Preparation or None
        Folded into the same pass.
    n_jobs : int or None
        Threads; the result does not depend on it.
    """
    if out.ndim == 4 and out.shape[3] == 1:
        # OpenCV gives back an image of one channel without it.
        images, out = images[..., 0], out[..., 0]
    affine = compose_affine(params, (out.shape[1], out.shape[2]))
    n_workers = joblib.effective_n_jobs(n_jobs)
    # Small batches are shared out as well, by whole chunks.
    n_chunks = min(_CHUNKS_PER_TASK, -(-len(out) // (_CHUNK * n_workers)))
    span = _CHUNK * n_chunks
    tasks = [slice(start, start + span) for start in range(0, len(out), span)]

    def run_task(rows: slice) -> None:
        render_rows(
            images, indices[rows], params.take(rows), affine[rows], settings, out[rows], preparation
        )

    if n_workers == 1 or len(tasks) == 1:
        for rows in tasks:
            run_task(rows)
    else:
        workers = joblib.Parallel(n_jobs=n_jobs, require="sharedmem")
        workers(joblib.delayed(run_task)(rows) for rows in tasks)


def render_rows(
    images: NDArray[Any],
    indices: NDArray[np.intp],
    params: AugmentationParams,
    affine: NDArray[np.float64],
    settings: RenderSettings,
    out: NDArray[Any],
    preparation: Preparation | None,
) -> None:
    """Render some rows in one thread, see `render_images`."""
    first = images[indices[0]]
    size = (out.shape[1], out.shape[2])
    frame = choose_frame((first.shape[0], first.shape[1]), size)
    affine = compose_resize(affine, size, frame)
    margins = measure_margins(affine, size, frame)
    if settings.fill_mode == "constant":
        # OpenCV is fast where it reads a constant, which a margin would double at the border.
        margins = np.zeros_like(margins)
    # -1 is no symmetry: the image must be warped.
    found = find_symmetries(affine, size) if frame == size else np.full(len(indices), -1)
    symmetries = found.tolist()
    warp = Warper(
        (*frame, *first.shape[2:]),
        size,
        first.dtype,
        margins,
        interpolation=settings.interpolation,
        fill_mode=settings.fill_mode,
        cval=settings.cval,
    )
    overshoots = settings.interpolation == "cubic" and first.dtype.kind == "f"
    affine[:, :, 2] += margins[:, [2, 0]]
    reaches = margins.tolist()
    # Without a preparation the warped images are finished where they lie.
    staging = np.empty((_CHUNK, *out.shape[1:]), first.dtype) if preparation is not None else None
    finishes = staging is not None or not VALUE_COLUMNS.isdisjoint(params.columns)
    for start in range(0, len(out), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(out)))
        target = out[rows]
        warped = target if staging is None else staging[: len(target)]
        for place, index in enumerate(indices[rows].tolist()):
            image = resize_image(images[index], frame)
            if (symmetry := symmetries[start + place]) >= 0:
                mirror_image(image, symmetry, warped[place])
            else:
                warp(image, affine[start + place], reaches[start + place], warped[place])
                if overshoots:
                    # What integers do by themselves; a range that the image leaves stays its own.
                    low, high = settings.bounds
                    limits = min(low, float(image.min())), max(high, float(image.max()))
                    np.clip(warped[place], *limits, out=warped[place])
        if finishes:
            finish_chunk(warped, params.take(rows), settings.bounds, preparation, target)


def finish_chunk(
    warped: NDArray[Any],
    params: AugmentationParams,
    bounds: tuple[float, float],
    preparation: Preparation | None,
    out: NDArray[Any],
) -> None:
    """Recolour and prepare warped images; without a preparation, `out` is `warped` itself."""
    integers = warped.dtype.kind == "u"
    if not COLOR_COLUMNS.isdisjoint(params.columns):
        statistics = None
        if needs_statistics(params):
            statistics = measure_images(warped, extremes="channel_shift" in params)
        if integers:
            recolor_integers(warped, params, statistics)
        else:
            recolor_floats(warped, params, statistics, bounds)
    if not EFFECT_COLUMNS.isdisjoint(params.columns):
        apply_effects(warped, params, bounds)
    if preparation is None:
        return
    n_channels = warped.shape[3] if warped.ndim == 4 else 1
    affine = preparation.find_affine(n_channels)
    if affine is not None and integers:
        scale_integers(warped, affine, out)
    else:
        out[...] = preparation.prepare_batch(warped)
