"""Images and parameters in, augmented images out: one warp, one recolouring, chunk by chunk."""

from collections.abc import Callable
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray

from sklmerge._checks import check_n_jobs
from sklmerge._parallel import run_ahead
from sklmerge._resize import resize_image
from sklmerge.augment._color import (
    COLOR_COLUMNS,
    Image,
    Images,
    plan_integers,
    recolor_floats,
)
from sklmerge.augment._effects import EFFECT_COLUMNS, apply_effects
from sklmerge.augment._matrices import (
    UNMOVED,
    compose_affine,
    compose_resize,
    find_symmetries,
    measure_margins,
)
from sklmerge.augment._normalize import Preparation
from sklmerge.augment._params import AugmentationParams
from sklmerge.augment._warp import Warper, choose_frame, mirror_image

# What reads or writes values, not only moves them.
VALUE_COLUMNS = COLOR_COLUMNS | EFFECT_COLUMNS

# So many values stay in the second-level cache between the warp and what follows.
_CHUNK_VALUES = 2**18


class RenderSettings(NamedTuple):
    """Settings for interpolation, borders and value range, the same for every image."""

    fill_mode: str
    cval: float
    interpolation: str
    bounds: tuple[float, float]


# Renders rows. Named once: what annotates an inner function is made anew whenever that is.
Render = Callable[[range], None]


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
    """Augment image ``indices[i]`` by row i of the parameters into contiguous ``out[i]``."""
    if out.ndim == 4 and out.shape[3] == 1:
        # OpenCV gives back an image of one channel without it.
        images, out = images[..., 0], out[..., 0]
    # Few enough images for the second-level cache.
    chunk = min(max(_CHUNK_VALUES // max(1, out[:1].size), 1), 64, len(out))
    n_chunks, n_jobs = -(-len(out) // chunk), check_n_jobs(n_jobs)
    n_threads = min(joblib.effective_n_jobs(n_jobs), n_chunks) if n_chunks > 1 else 1
    moves = plan_moves(images, indices, params, settings, (out.shape[1], out.shape[2]))

    def start() -> Render:
        """Return a function, for one thread at a time, that renders rows with its own buffers."""
        move = moves.start()
        finish = plan_finish(params, images.dtype, out.shape, settings.bounds, preparation)
        # Without a preparation the images are finished where they lie.
        staging: Images = []
        if preparation is not None:
            staging = list(np.empty((chunk, *out.shape[1:]), images.dtype))

        def render(rows: range) -> None:
            for first in rows[::chunk]:
                part = slice(first, min(first + chunk, rows.stop))
                slots = staging[: part.stop - first] or list(out[part])
                moved = [move(row, slot) for row, slot in enumerate(slots, first)]
                finish(part, moved, slots, out[part])

        return render

    if n_threads == 1:
        start()(range(len(out)))
        return
    # Several parts for each thread, so that none waits long for another. Buffers serve one part
    # after another: threads would wait for each other where the system gives out memory.
    n_parts = min(n_chunks, 8 * n_threads)
    idle = [start() for _ in range(n_threads)]

    def run_part(part: int) -> None:
        render = idle.pop()
        render(range(len(out) * part // n_parts, len(out) * (part + 1) // n_parts))
        idle.append(render)

    # Threads start sooner than joblib's workers, by more than some batches take.
    for _ in run_ahead(run_part, range(n_parts), n_threads):
        pass


# The place of an image among the rows, and where it may go -> where it is.
Move = Callable[[int, Image], Image]


class Moves(NamedTuple):
    """The geometric changes of the image of each row."""

    images: NDArray[Any]
    indices: list[int]
    settings: RenderSettings
    # Sizes that sources are read at, and of the output.
    frame: tuple[int, int]
    size: tuple[int, int]
    affine: NDArray[np.float64]
    margins: NDArray[np.intp]
    # The largest margin of each side.
    room: list[int]
    # Places in SYMMETRIES; -1 is none: the image must be warped.
    symmetries: list[int]

    def start(self) -> Move:
        """Return a function, for one thread, that moves the image of one row of parameters."""
        images, indices, frame, symmetries = self.images, self.indices, self.frame, self.symmetries
        is_ready = frame == images.shape[1:3] and images.flags.c_contiguous
        margins = self.margins.tolist()
        warp = Warper(
            (*frame, *images.shape[3:]),
            self.size,
            images.dtype,
            self.room,
            interpolation=self.settings.interpolation,
            fill_mode=self.settings.fill_mode,
            cval=self.settings.cval,
        )
        overshoots = self.settings.interpolation == "cubic" and images.dtype.kind == "f"

        def move(row: int, slot: Image) -> Image:
            image = images[indices[row]]
            if not is_ready:
                image = resize_image(image, frame)
            symmetry = symmetries[row]
            if symmetry == UNMOVED:
                return image
            if symmetry >= 0:
                mirror_image(image, symmetry, slot)
                return slot
            warp(image, self.affine[row], margins[row], slot)
            if overshoots:
                # What integers do by themselves; a range that the image leaves stays its own.
                low, high = self.settings.bounds
                limits = min(low, float(image.min())), max(high, float(image.max()))
                np.clip(slot, *limits, out=slot)
            return slot

        return move


def plan_moves(
    images: NDArray[Any],
    indices: NDArray[np.intp],
    params: AugmentationParams,
    settings: RenderSettings,
    size: tuple[int, int],
) -> Moves:
    """Plan how images are warped to the height and width of the output; see `render_images`."""
    frame = choose_frame((images.shape[1], images.shape[2]), size)
    affine = compose_affine(params, size)
    symmetries = [-1] * len(indices)
    if frame == size:
        symmetries = find_symmetries(affine, size)
    else:
        affine = compose_resize(affine, size, frame)
    margins, room = measure_margins(affine, size, frame)
    if settings.fill_mode == "constant":
        # OpenCV is fast where it reads a constant, which a margin would double at the border.
        margins[:], room = 0, [0] * 4
    offset = affine[:, :, 2]
    offset += margins[:, 2::-2]
    return Moves(images, indices.tolist(), settings, frame, size, affine, margins, room, symmetries)


# Rows, where their images are, the slots that they may be changed in, and where they go.
Finish = Callable[[slice, Images, Images, Image], None]


def plan_finish(
    params: AugmentationParams,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    bounds: tuple[float, float],
    preparation: Preparation | None,
) -> Finish:
    """Plan, for one thread, the steps after images are moved."""
    colors = not COLOR_COLUMNS.isdisjoint(params.columns)
    effects = not EFFECT_COLUMNS.isdisjoint(params.columns)
    recolor = None
    if colors and dtype.kind == "u":
        recolor = plan_integers(params, dtype, len(shape) == 4 and shape[3] == 4)
    prepare = None if preparation is None else preparation.start()

    def finish(rows: slice, moved: Images, slots: Images, out: Image) -> None:
        if recolor is not None:
            recolor(rows, moved, slots)
            moved = slots
        elif colors or effects or prepare is None:
            for image, slot in zip(moved, slots, strict=True):
                if image is not slot:
                    np.copyto(slot, image)
            moved = slots
            if colors:
                recolor_floats(slots, params.take(rows), bounds)
        if effects:
            apply_effects(slots, params.take(rows), bounds)
        if prepare is not None:
            prepare(moved, out)

    return finish
