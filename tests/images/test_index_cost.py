"""Reading one image costs the same whatever the index holds: full passes are counted, not time."""

from typing import ClassVar

import cv2
import numpy as np
import pandas as pd
import pytest

from sklmerge import (
    ColorHistogram,
    EpochSchedule,
    ImageAugmenter,
    ImageBatches,
    ImageIndex,
    ImageReader,
    ImageScaler,
)
from sklmerge.images import ImagePaths

N_FILES = 20
FREE = {"shape", "dtype", "size", "ndim", "flags", "itemsize", "strides", "base", "nbytes", "data"}


class CountingArray(np.ndarray):
    """An array that notes whatever touches most of a large one; a slice of it is an array."""

    passes: ClassVar[list] = []

    def note(self, what):
        if np.ndarray.__getattribute__(self, "size") >= 100_000:
            CountingArray.passes.append(what)

    def __getattribute__(self, name):
        if name not in FREE and not name.startswith("__") and name != "note":
            np.ndarray.__getattribute__(self, "note")(name)
        return np.ndarray.__getattribute__(self, name)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        self.note(ufunc.__name__)
        plain = [np.asarray(each) if isinstance(each, CountingArray) else each for each in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        self.note(function.__name__)
        args = [np.asarray(each) if isinstance(each, CountingArray) else each for each in args]
        return function(*args, **kwargs)

    def __getitem__(self, key):
        part = np.asarray(self)[key]
        if np.size(part) >= 100_000:
            self.note("part")
        return part

    def __iter__(self):
        self.note("iter")
        return iter(np.asarray(self))

    def __contains__(self, value):
        self.note("in")
        return value in np.asarray(self)


def note_pass(paths, what):
    if len(paths) >= 100_000:
        CountingArray.passes.append(what)


class CountingPaths(ImagePaths):
    """Paths that note when they are gone through."""

    def __iter__(self):
        note_pass(self, "paths")
        return super().__iter__()

    def iterate_bytes(self):
        note_pass(self, "bytes")
        return super().iterate_bytes()

    def hold_urls(self):
        note_pass(self, "urls")
        return super().hold_urls()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    rng = np.random.default_rng(0)
    for number in range(N_FILES):
        image = rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:02d}.png"), image)
    for number in range(N_FILES, N_FILES + 5):
        (folder / f"{number}.png").write_bytes(b"no image")
    return folder


def make_index(folder, n, *, n_classes=2, with_bad=False):
    """Make an index of n entries of few files, whose large arrays count passes."""
    names = [f"{number:02d}.png" for number in range(N_FILES + 5 * with_bad)]
    labels = np.array([f"c{number:04d}" for number in range(n_classes)])[np.arange(n) % n_classes]
    frame = pd.DataFrame({"file_name": (names * (n // len(names) + 1))[:n], "label": labels})
    index = ImageIndex(frame, root=folder)
    paths = index.paths
    counting = CountingPaths(
        paths._block.view(CountingArray),
        paths._starts.view(CountingArray),
        paths._lengths.view(CountingArray),
        root=paths.root,
    )
    index.paths = counting
    index.original_codes = index.original_codes.view(CountingArray)
    CountingArray.passes.clear()
    return index


@pytest.mark.parametrize("n_classes", [2, 1000])
def test_batches_from_a_large_index_pass_over_none_of_it(folder, n_classes):
    index = make_index(folder, 10**6 if n_classes == 2 else 200_000, n_classes=n_classes)
    batches = ImageBatches(
        index,
        schedule=EpochSchedule(2, random_state=0),
        augmenter=ImageAugmenter(rotation_range=10),
        scaler=ImageScaler(rescale=1 / 255),
        class_weight="balanced",
        batch_size=max(4, n_classes),
        cache_bytes=0,
    )
    batches.plan(0)
    assert CountingArray.passes, "the counter counts"
    CountingArray.passes.clear()
    for number in range(len(batches)):
        batches.make_batch(0, number)
    assert CountingArray.passes == []


def test_bad_files_cost_one_pass_a_class_however_often_they_are_drawn(folder):
    index = make_index(folder, 300_000, with_bad=True)
    batches = ImageBatches(
        index,
        schedule=EpochSchedule(200, random_state=0),
        on_error="skip",
        batch_size=20,
        cache_bytes=0,
    )
    batches.plan(0)
    CountingArray.passes.clear()
    for number in range(len(batches)):
        batches.make_batch(0, number)
    assert len(batches.unreadable) == 5
    assert len(CountingArray.passes) <= 2 * index.n_classes


def test_the_caller_pays_for_the_rows_it_reads(folder):
    index = make_index(folder, 200_000)
    index.read([0, 199_999, 5])
    index.paths[177_777]
    index.take([1, 2, 3]).read()
    ImageReader().transform(index.paths[5:9])
    ColorHistogram(n_bins=2).fit(index)
    assert CountingArray.passes == []
