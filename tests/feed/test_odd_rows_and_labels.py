"""Rows and labels that are nearly right: read as they are meant, or refused with the remedy."""

import io

import datasets
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
import zarr
from numpy.testing import assert_array_equal
from PIL import Image
from torch.utils.data import Dataset, Subset

from sklmerge import (
    AugmentingOverSampler,
    ClassWeightEstimator,
    EpochSchedule,
    HOGFeatures,
    ImageAugmenter,
    ImageBatches,
    ImageScaler,
    LabelMerger,
)
from sklmerge.feed.torch import EpochBatchSampler

TARGET = np.repeat([0, 1], [9, 3])
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 9, 14, 3), dtype=np.uint8)
TABLE = (np.random.default_rng(1).random((12, 4)) < 0.5).astype(int)


def encode(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


class Rows(Dataset):
    def __init__(self, rows, targets=TARGET):
        self.rows, self.targets = rows, targets

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        return self.rows[row]


class Endless(Rows):
    def __len__(self):
        raise TypeError("it goes on")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: [encode(image) for image in IMAGES], id="bytes"),
        pytest.param(lambda: pd.Series([encode(image) for image in IMAGES]), id="column of bytes"),
        pytest.param(
            lambda: pd.Series([{"bytes": encode(image), "path": None} for image in IMAGES]),
            id="column of Parquet",
        ),
        pytest.param(
            lambda: Rows([{"bytes": encode(image), "path": None} for image in IMAGES]), id="files"
        ),
    ],
)
def test_encoded_images_are_decoded_as_files_are(make):
    assert_array_equal(ImageBatches(make(), TARGET, batch_size=12)[0][0], IMAGES)
    gray = ImageBatches(make(), TARGET, color_mode="grayscale", image_size=(5, 7))[0][0]
    assert gray.shape == (12, 5, 7)


def test_tensors_that_numpy_lacks_become_floats():
    rows = [torch.from_numpy(image.copy()).permute(2, 0, 1).bfloat16() for image in IMAGES]
    x, y = ImageBatches(rows, torch.from_numpy(TARGET).bfloat16(), batch_size=12)[0]
    assert x.dtype == np.float32
    assert_array_equal(x, IMAGES)
    assert_array_equal(y, TARGET)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param([], "must hold an image or more, got an empty list", id="list"),
        pytest.param(IMAGES[:0], "must hold an image or more, got an empty ndarray", id="array"),
        pytest.param(Rows([], []), "must hold an image or more, got an empty Rows", id="rows"),
        pytest.param(Endless([]), r"got Endless without a length \(it goes on\)", id="no length"),
        pytest.param(
            [b"a.png"], r"text, pass \[os.fsdecode\(path\) for path in source", id="bytes"
        ),
        pytest.param([io.BytesIO(b"a")], "dtype object of BytesIO", id="open files"),
        pytest.param({0: IMAGES[0]}.values(), r"pass list\(source\)", id="values"),
        pytest.param("photos.zip", r"pass ImageIndex\('photos.zip'\)", id="archive"),
        pytest.param("train.csv", r"pass ImageIndex\('train.csv'\)", id="table"),
        pytest.param(IMAGES.astype(object), r"pass source.astype\(np.uint8\)", id="objects"),
        pytest.param(
            pd.DataFrame({"image": list(IMAGES)}), r"pass a column of images, table\[", id="frame"
        ),
        pytest.param(
            np.ma.masked_less(IMAGES, 9), r"no masked values; pass source.filled\(0\)", id="masked"
        ),
    ],
)
def test_no_images_are_no_source(source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ImageBatches(source)


def test_masked_values_are_refused_at_every_door_of_images():
    masked = np.ma.masked_less(IMAGES, 9)
    for call in (ImageAugmenter(rotation_range=9).augment, ImageScaler(rescale=2).transform):
        with pytest.raises(ValueError, match=r"must have no masked values; pass X.filled\(0\)"):
            call(masked)
    # Without a masked value it is an array as others are.
    assert_array_equal(ImageBatches(np.ma.masked_array(IMAGES), batch_size=12)[0][0], IMAGES)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"pic": IMAGES[0]}, "must hold its image as 'pixel_values' or 'image' .* of 'pic'"),
        (object(), "or encoded bytes, got object"),
        (torch.zeros(3, 9, 14).half(), r"got float16; pass np.asarray\(image, np.float32\)"),
        (torch.zeros(3, 9, 14).bool(), r"got bool; pass np.uint8\(255\) \* image"),
    ],
)
def test_a_row_that_is_no_image_is_named_with_a_remedy(row, message):
    with pytest.raises(ValueError, match=f"row 0 of Rows could not be read .*{message}"):
        ImageBatches(Rows([row] * 12), batch_size=12)[0]


def test_encoded_rows_of_h5py_are_led_to_a_source_of_ones_own(tmp_path):
    with h5py.File(tmp_path / "files.h5", "w") as file:
        rows = file.create_dataset("rows", (12,), dtype=h5py.vlen_dtype(np.uint8))
        for place, image in enumerate(IMAGES):
            rows[place] = np.frombuffer(encode(image), np.uint8)
        with pytest.raises(TypeError, match=r"__len__ and read\(row\), which may return bytes"):
            ImageBatches(rows)


@pytest.mark.parametrize("rows", [[99], [-13, 0], TARGET == 1, [0.5]])
def test_a_part_of_other_rows_is_refused(rows):
    with pytest.raises(ValueError, match="indices are positions of its 12 rows, got"):
        EpochSchedule().fit(Subset(Rows(IMAGES), rows))


def test_a_closed_file_is_told_of_at_every_door(tmp_path):
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["x"], file["y"] = IMAGES, TARGET
        x, y = file["x"], file["y"]
    merger, weights = LabelMerger().fit(TARGET), ClassWeightEstimator().fit(TARGET)
    calls = [
        lambda: EpochSchedule().fit(y),
        lambda: LabelMerger().fit(y),
        lambda: merger.transform(y),
        lambda: merger.encode(y),
        lambda: ClassWeightEstimator().fit(y),
        lambda: weights.transform(y),
        lambda: EpochBatchSampler(y),
        lambda: ImageBatches(IMAGES, y),
        lambda: ImageBatches(x, TARGET),
        lambda: AugmentingOverSampler().fit_resample(IMAGES, y),
        lambda: AugmentingOverSampler().fit_resample(x, TARGET),
        lambda: ImageAugmenter(rotation_range=9).augment(x),
        lambda: ImageScaler(rescale=2).transform(x),
        lambda: HOGFeatures().fit_transform(x),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="must be open, got what h5py read from a file that"):
            call()


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.coo_array, pd.DataFrame])
def test_a_table_of_labels_may_be_sparse_or_a_frame(kind):
    settings = {"class_mode": "multilabel", "batch_size": 12}
    assert_array_equal(ImageBatches(IMAGES, kind(TABLE), **settings)[0][1], TABLE)
    with pytest.raises(ValueError, match=r"pass class_mode='multilabel' for a 0/1 table"):
        ImageBatches(IMAGES, kind(TABLE))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([["a"], ["a", "b"]] * 6, "turn lists of labels into a 0/1 column per class, for"),
        (np.where(np.arange(48).reshape(12, 4) == 9, np.nan, TABLE), "got nan in row 2, column 1"),
        (TABLE * 2 - 1, "must hold 0 and 1 only, one column a label, got -1 in row"),
        (TABLE.astype(str), "one column a label, got dtype <U"),
    ],
)
def test_a_table_of_other_values_is_told_what_is_in_it(y, message):
    with pytest.raises(ValueError, match=message):
        ImageBatches(IMAGES, y, class_mode="multilabel")


def test_a_group_of_arrays_or_a_stream_is_no_labels(tmp_path):
    group = zarr.open_group(tmp_path / "all.zarr", mode="w")
    group.create_array("y", data=TARGET)
    assert EpochSchedule().fit(group["y"]).class_counts_ == {0: 9, 1: 3}
    with pytest.raises(TypeError, match=r"got Group; pass one of its parts \('y'\)"):
        EpochSchedule().fit(group)
    stream = datasets.Dataset.from_dict({"label": TARGET}).to_iterable_dataset()
    with pytest.raises(TypeError, match="got a stream; load it without streaming=True"):
        EpochSchedule().fit(stream)


@pytest.mark.parametrize("odd", [True, 1.0, "1", None])
def test_one_label_of_another_kind_is_seen_among_many(odd):
    labels = [0, 1] * 50
    labels[73] = odd
    with pytest.raises((TypeError, ValueError), match=r"of one type|missing labels .* 73"):
        LabelMerger().fit(Rows(range(100), labels))
