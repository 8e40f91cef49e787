"""Sources as people really pass them: each gives its images, or is refused with what to pass."""

import dask.array
import datasets
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split

from sklmerge import EpochSchedule, ImageBatches, ImageIndex

TARGET = np.repeat([0, 1], [9, 3])
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 9, 14, 3), dtype=np.uint8)
FIRST = IMAGES.transpose(0, 3, 1, 2)
PICTURES = [Image.fromarray(image) for image in IMAGES]
OBJECTS = np.empty(12, object)
OBJECTS[:] = PICTURES


class Pairs(Dataset):
    """Gives whatever rows it is given."""

    def __init__(self, rows):
        self.rows, self.targets = rows, TARGET

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        return self.rows[row]


def make_table(**columns):
    return datasets.Dataset.from_dict({**columns, "label": TARGET})


def make_pictures():
    kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["common", "rare"])}
    return datasets.Dataset.from_dict(
        {"image": PICTURES, "label": TARGET}, features=datasets.Features(kinds)
    )


def prepare(rows):
    return {"pixel_values": [np.asarray(image) for image in rows["image"]], **rows}


def prepare_alone(rows):
    tensors = [torch.from_numpy(np.array(image)).permute(2, 0, 1) for image in rows["image"]]
    return {"pixel_values": tensors, "label": rows["label"]}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: pd.Series(PICTURES), id="column of pictures"),
        pytest.param(lambda: OBJECTS, id="array of objects"),
        pytest.param(lambda: [torch.from_numpy(image.copy()) for image in FIRST], id="tensors"),
        pytest.param(lambda: torch.from_numpy(IMAGES), id="tensor"),
        pytest.param(lambda: dask.array.from_array(IMAGES, chunks=(5, 9, 14, 3)), id="dask"),
        pytest.param(lambda: TensorDataset(torch.from_numpy(FIRST.copy())), id="TensorDataset"),
        pytest.param(lambda: make_pictures()["image"], id="column of a table"),
        pytest.param(lambda: make_pictures().with_format("torch"), id="table in torch's format"),
        pytest.param(lambda: make_pictures().with_transform(prepare), id="transform that adds"),
        pytest.param(
            lambda: make_pictures().with_transform(prepare_alone), id="transform that replaces"
        ),
    ],
)
def test_images_come_out_of_what_people_have(source):
    batches = ImageBatches(source(), TARGET, batch_size=5)
    assert_array_equal(np.concatenate([x for x, _ in batches]), IMAGES)


def test_a_data_set_may_keep_a_list_of_keys():
    # As those over LMDB do: it is no mapping, and has its rows by number.
    source = Pairs(list(zip(IMAGES, TARGET, strict=True)))
    source.keys = [f"{row:08}" for row in range(12)]
    x, y = ImageBatches(source, batch_size=12)[0]
    assert_array_equal(x, IMAGES)
    assert_array_equal(y, TARGET)


@pytest.mark.parametrize("kind", ["table", "table of pictures", "polars", "pandas"])
def test_text_in_a_column_of_images_is_a_path(tmp_path, kind):
    paths = [str(tmp_path / f"{row}.png") for row in range(12)]
    for path, picture in zip(paths, PICTURES, strict=True):
        picture.save(path)
    source = {
        "table": lambda: make_table(image=paths),
        "table of pictures": lambda: make_table(image=paths).cast_column("image", datasets.Image()),
        "polars": lambda: pl.Series(paths),
        "pandas": lambda: pd.Series(paths, dtype="category"),
    }[kind]()
    assert_array_equal(ImageBatches(source, TARGET, batch_size=12)[0][0], IMAGES)


def test_a_column_of_a_table_is_its_labels():
    table = make_pictures()
    balanced = EpochSchedule(random_state=0)
    assert balanced.fit(table["label"]).class_counts_ == {0: 9, 1: 3}
    assert ImageBatches(table["image"], table["label"], schedule=balanced).counts == {0: 3, 1: 3}


def test_parts_of_parts_keep_their_rows():
    whole = Pairs(list(zip(IMAGES, TARGET, strict=True)))
    part, _ = random_split(whole, [8, 4], generator=torch.Generator().manual_seed(0))
    half, _ = random_split(part, [5, 3], generator=torch.Generator().manual_seed(1))
    rows = np.asarray(part.indices)[half.indices]
    x, y = ImageBatches(half)[0]
    assert_array_equal(x, IMAGES[rows])
    assert_array_equal(y, np.unique(TARGET[rows], return_inverse=True)[1])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(DataLoader(PICTURES), "got DataLoader; pass .* loader.dataset", id="loader"),
        pytest.param(ImageBatches(IMAGES), "batches already: loop over them", id="batches"),
        pytest.param(
            ImageBatches(IMAGES).to_torch(), "batches already: loop over them", id="to_torch"
        ),
        pytest.param({"x": IMAGES}, r"got dict; pass one of its parts \('x'\)", id="dict"),
        pytest.param((image for image in IMAGES), r"pass list\(source\)", id="generator"),
        pytest.param("a.png", r"got 'a.png'; pass \['a.png'\]", id="path"),
        pytest.param(
            list(zip(IMAGES, TARGET, strict=True)),
            "got a list of tuple; pass the images and their labels each by itself",
            id="pairs",
        ),
        pytest.param([{"image": IMAGES[0]}], "got a list of dict; pass the images", id="records"),
        pytest.param([[[1, 2]], [[3]]], "got a list that is no array", id="ragged"),
        pytest.param(
            pd.DataFrame({"path": ["a.png"], "label": [0]}),
            r"for a table of paths pass ImageIndex\(table, path_column=",
            id="frame",
        ),
        pytest.param(IMAGES > 9, r"got bool; pass np.uint8\(255\) \* X", id="bool"),
        pytest.param(
            IMAGES.astype(np.float16), r"float16; pass np.asarray\(X, np.float32\)", id="float16"
        ),
        pytest.param(FIRST, r"pass np.moveaxis\(np.asarray\(X\), 1, -1\)", id="channels first"),
        pytest.param(
            list(FIRST), r"source\[0\] must be \(H, W\).*np.moveaxis\(image, 0, 2\)", id="list"
        ),
        pytest.param(IMAGES[0], r"got one image of shape \(9, 14, 3\); pass image\[N", id="image"),
    ],
)
def test_what_cannot_be_a_source_is_told_what_can(source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ImageBatches(source)


def test_a_folder_is_an_index(folder):
    with pytest.raises(TypeError, match=r"pass ImageIndex\('"):
        ImageBatches(str(folder))


@pytest.mark.parametrize("y", [1, [1]])
def test_one_image_is_no_batch_of_rows_whatever_the_labels(y):
    with pytest.raises(ValueError, match=r"got one image of shape \(9, 14, 3\)"):
        ImageBatches(IMAGES[0], y)
    assert ImageBatches(IMAGES[0], range(9))[0][0].shape == (9, 14, 3)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"file": ["a.png"] * 12}, r"cast it, data.cast_column\(name, datasets.Image\(\)\)"),
        ({"left": PICTURES, "right": PICTURES}, "must have one column of images, got 'left', 'ri"),
    ],
)
def test_a_table_must_say_where_its_images_are(columns, message):
    with pytest.raises(TypeError, match=message):
        ImageBatches(make_table(**columns))


def test_the_shape_of_a_column_is_checked_before_a_row_is_read():
    column = datasets.Array3D((3, 9, 14), "uint8")
    features = datasets.Features({"image": column, "label": datasets.Value("int64")})
    table = datasets.Dataset.from_dict({"image": FIRST, "label": TARGET}, features=features)
    with pytest.raises(ValueError, match=r"column 'image' of source must be \(H, W\) or \(H, W, C"):
        ImageBatches(table)


def test_a_row_without_an_image_is_named_with_what_it_holds():
    swapped = Pairs(list(zip(TARGET.tolist(), IMAGES, strict=True)))
    with pytest.raises(ValueError, match=r"row 0 of Pairs .*or encoded bytes, got 0\)"):
        ImageBatches(swapped)[0]


def test_an_h5py_file_that_is_closed_is_told_of(tmp_path):
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["images"] = IMAGES
        rows = file["images"]
        batches = ImageBatches(rows, TARGET, on_error="skip")
        assert len(batches[0][0]) == 12
        batches.release()
        with pytest.raises(TypeError, match=r"got File; pass one of its parts \('images'\)"):
            ImageBatches(file)
    with pytest.raises(RuntimeError, match="source must stay open while it is fed"):
        batches[0]
    with pytest.raises(ValueError, match="source must be open, got what h5py read"):
        ImageBatches(rows, TARGET)


@pytest.mark.parametrize("text", [np.array([b"a", b"b"]), np.array([b"a", b"b"], object)])
def test_text_as_h5py_gives_it_is_led_to_its_decoding(text):
    with pytest.raises(TypeError, match=r"text is np.char.decode\(np.asarray\(y, bytes\)\)"):
        EpochSchedule().fit(text)
    decoded = np.char.decode(np.asarray(text, bytes))
    assert EpochSchedule().fit(decoded).class_counts_ == {"a": 1, "b": 1}


def test_an_index_leads_rows_to_batches():
    with pytest.raises(TypeError, match="ImageBatches takes data sets with rows as they are"):
        ImageIndex(Pairs(PICTURES))


def test_labels_that_are_gone_through_once_are_refused():
    with pytest.raises(TypeError, match="y must be an array or list of labels, got <generator"):
        ImageBatches(IMAGES, (label for label in TARGET))
