"""Images and parameters in, augmented images out: one warp, one recolouring, chunk by chunk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_n_jobs
from sklmerge._parallel import run_ahead
from sklmerge._resize import resize_image
from sklmerge.augment._affine import (
    UNMOVED,
    compose_affine,
    compose_resize,
    find_symmetries,
    measure_margins,
)
from sklmerge.augment._color import COLOR_COLUMNS, plan_integers, recolor_floats
from sklmerge.augment._effects import EFFECT_COLUMNS, apply_effects
from sklmerge.augment._geometry import Warper, choose_frame, mirror_image
from sklmerge.augment._normalize import Preparation
from sklmerge.augment._params import AugmentationParams

# What reads or writes values, not only moves them.
VALUE_COLUMNS = COLOR_COLUMNS | EFFECT_COLUMNS

# So many values stay in the second-level cache between the warp and what follows.
_CHUNK_VALUES = 2**18


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
    """Augment image ``indices[i]`` by row i of the parameters into ``out[i]``.

    Parameters
    ----------
    images : array of shape (m, H, W) or (m, H, W, C)
        Sources, never written to.
    indices : ndarray of int, shape (n,)
        Which source each row of the parameters augments.
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
    n_threads = joblib.effective_n_jobs(check_n_jobs(n_jobs))
    # Few enough images for the second-level cache, and several parts for each thread, so that none
    # waits long for another.
    size = max(1, out[:1].size)
    chunk = min(max(_CHUNK_VALUES // size, 1), 64)
    n_parts = min(-(-len(out) // chunk), 8 * n_threads) if n_threads > 1 else 1
    bounds = [len(out) * part // n_parts for part in range(n_parts + 1)]

    def run_part(part: int) -> None:
        rows = slice(bounds[part], bounds[part + 1])
        own = params if n_parts == 1 else params.take(rows)
        render_rows(images, indices[rows], own, affine[rows], settings, out[rows], preparation)

    if n_parts == 1:
        run_part(0)
    else:
        # Threads start sooner than joblib's workers, by more than some batches take.
        for _ in run_ahead(run_part, range(n_parts), min(n_threads, n_parts)):
            pass


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
    rows = zip(indices.tolist(), found.tolist(), affine, margins.tolist(), strict=True)
    chunk = min(max(_CHUNK_VALUES // max(1, out[:1].size), 1), 64, len(out))
    # Without a preparation the images are finished where they lie.
    staging = np.empty((chunk, *out.shape[1:]), first.dtype) if preparation is not None else None
    finish = plan_finish(params, first.dtype, out.shape, settings.bounds, preparation)
    for start in range(0, len(out), chunk):
        target = out[start : start + chunk]
        slots = target if staging is None else staging[: len(target)]
        moved: list[NDArray[Any]] = []
        for slot, (index, symmetry, matrix, reach) in zip(slots, rows, strict=False):
            image = resize_image(images[index], frame)
            if symmetry == UNMOVED:
                moved.append(image)
                continue
            moved.append(slot)
            if symmetry >= 0:
                mirror_image(image, symmetry, slot)
            else:
                warp(image, matrix, reach, slot)
                if overshoots:
                    # What integers do by themselves; a range that the image leaves stays its own.
                    low, high = settings.bounds
                    limits = min(low, float(image.min())), max(high, float(image.max()))
                    np.clip(slot, *limits, out=slot)
        finish(slice(start, start + len(target)), moved, slots, target)


Finish = Callable[[slice, list[NDArray[Any]], NDArray[Any], NDArray[Any]], None]


def plan_finish(
    params: AugmentationParams,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    bounds: tuple[float, float],
    preparation: Preparation | None,
) -> Finish:
    """Plan what is done to images that lie in their slots or, if they did not move, elsewhere."""
    colors = not COLOR_COLUMNS.isdisjoint(params.columns)
    effects = not EFFECT_COLUMNS.isdisjoint(params.columns)
    recolor = None
    if colors and dtype.kind == "u":
        recolor = plan_integers(params, dtype, len(shape) == 4 and shape[3] == 4)
    prepare = None if preparation is None else preparation.start()

    def finish(
        rows: slice, moved: list[NDArray[Any]], slots: NDArray[Any], out: NDArray[Any]
    ) -> None:
        if recolor is not None:
            recolor(rows, moved, slots)
            moved = list(slots)
        elif colors or effects or prepare is None:
            for image, slot in zip(moved, slots, strict=True):
                if image is not slot:
                    np.copyto(slot, image)
            moved = list(slots)
            if colors:
                recolor_floats(slots, params.take(rows), bounds)
        if effects:
            apply_effects(slots, params.take(rows), bounds)
        if prepare is not None:
            prepare(moved, out)

    return finish
