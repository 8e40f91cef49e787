"""An index of a Hugging Face data set: the rows as files, wherever an index is taken."""

import pickle

import datasets
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sklmerge import EpochSchedule, HOGFeatures, ImageBatches, ImageIndex, balance_folder
from sklmerge.balance import find_groups
from sklmerge.images import ImagePaths

N = 24
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 22, 34, 3), dtype=np.uint8)
LABELS = np.repeat([0, 1], [8, 16])
# Not in sorted order: the numbers of a ClassLabel are its own.
NAMES = ["zebra", "ant"]
PATIENTS = [f"p{row // 4}" for row in range(N)]
FEATURES = datasets.Features(
    {
        "image": datasets.Image(),
        "label": datasets.ClassLabel(names=NAMES),
        "patient": datasets.Value("string"),
    }
)


def make_data_set():
    columns = {"image": list(IMAGES), "label": LABELS, "patient": PATIENTS}
    return datasets.Dataset.from_dict(columns, features=FEATURES)


@pytest.fixture(scope="module")
def index():
    return ImageIndex(make_data_set())


def write_files(folder):
    paths = [str(folder / NAMES[label] / f"{row}.png") for row, label in enumerate(LABELS)]
    for path, image in zip(paths, IMAGES, strict=True):
        (folder / path).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    return paths


def load_parquet(folder):
    path = str(folder / "rows.parquet")
    make_data_set().to_parquet(path)
    return datasets.load_dataset(
        "parquet", data_files=path, split="train", cache_dir=str(folder / "cache")
    )


def cast_to_parts(folder):
    # What a Parquet file of images is to whom does not know what it is.
    parts = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    return load_parquet(folder).cast(datasets.Features({**FEATURES, "image": parts}))


def keep_bytes(folder):
    data = make_data_set().cast_column("image", datasets.Image(decode=False))
    columns = {"x": [row["bytes"] for row in data["image"]], "label": data["label"]}
    return datasets.Dataset.from_dict(columns)


def name_files(folder):
    return datasets.Dataset.from_dict({"image": write_files(folder), "label": LABELS})


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda folder: make_data_set(), id="in memory"),
        pytest.param(load_parquet, id="parquet"),
        pytest.param(cast_to_parts, id="bytes and path"),
        pytest.param(keep_bytes, id="bytes"),
        pytest.param(name_files, id="paths"),
        pytest.param(
            lambda folder: name_files(folder).cast_column("image", datasets.Image()),
            id="images of paths",
        ),
        pytest.param(lambda folder: make_data_set().with_format("torch"), id="formatted"),
    ],
)
def test_an_index_of_a_data_set_has_its_rows_in_order(tmp_path, make):
    index = ImageIndex(make(tmp_path))
    assert_array_equal(index.read(), IMAGES)
    assert sorted(index.counts.values()) == [8, 16]
    assert index.paths[3].endswith(".png")


def test_labels_are_the_names_of_the_class_label_column(index):
    assert index.labels.tolist() == [NAMES[label] for label in LABELS]
    assert index.class_indices == {"ant": 0, "zebra": 1}
    by_patient = ImageIndex(make_data_set(), label_column="patient")
    assert by_patient.labels.tolist() == PATIENTS
    merged = ImageIndex(make_data_set(), merge={"animal": NAMES})
    assert merged.classes == ["animal"]


def test_rows_of_a_shuffled_part_are_its_own(index):
    part = make_data_set().shuffle(seed=0).select(range(5, 15))
    shuffled = ImageIndex(part)
    rows = [IMAGES.tolist().index(np.asarray(row["image"]).tolist()) for row in part]
    assert_array_equal(shuffled.read(n_jobs=2), IMAGES[rows])
    assert_array_equal(shuffled.labels, index.labels[rows])


def test_no_image_is_read_before_it_is_asked_for(monkeypatch):
    data = make_data_set()
    read = []
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("an image was decoded"))
    whole = datasets.Dataset.__getitem__
    monkeypatch.setattr(
        datasets.Dataset,
        "__getitem__",
        lambda self, key: read.append((self.column_names, key)) or whole(self, key),
    )
    index = ImageIndex(data)
    # One image, for the extension that the paths end in.
    assert [key for names, key in read if names == ["image"]] == [0]
    read.clear()
    index.read([7, 3])
    assert read == [(["image"], [7, 3])]


def test_batches_parts_and_features_take_it(index):
    train, test = index.split(0.25)
    assert train.counts == {"ant": 12, "zebra": 6}
    sent = pickle.loads(pickle.dumps(test))
    assert_array_equal(sent.read(), test.read())
    settings = {"schedule": EpochSchedule(random_state=0), "batch_size": 4}
    ours = ImageBatches(train, **settings)
    plain = ImageBatches(train.read(), train.labels, **settings)
    for (x, y), (x_plain, y_plain) in zip(ours, plain, strict=True):
        assert_array_equal(x, x_plain)
        assert_array_equal(y, y_plain)
    assert_array_equal(
        HOGFeatures().fit_transform(index[:3]), HOGFeatures().fit_transform(IMAGES[:3])
    )


def test_columns_of_a_data_set_are_groups(index):
    groups = find_groups(index, "patient")
    assert_array_equal(groups, np.unique(PATIENTS, return_inverse=True)[1])
    train, test = index.split(groups=groups)
    told = [
        {PATIENTS[int(path.split("/")[3].split(".")[0])] for path in part} for part in (train, test)
    ]
    assert not told[0] & told[1]


def test_equal_rows_are_found(tmp_path):
    twice = datasets.concatenate_datasets([make_data_set(), make_data_set().select([5])])
    report = ImageIndex(twice).verify()
    assert [len(group) for group in report.duplicates] == [2]
    result = balance_folder(twice, tmp_path / "out", drop=("duplicates",), split=None)
    assert result is not None
    assert len(ImageIndex(tmp_path / "out" / "train")) == 2 * 16


def test_a_column_may_be_called_like_anything_and_hold_anything():
    data = make_data_set().rename_column("patient", "row").add_column("caption", ["a\0b"] * N)
    train, test = ImageIndex(data).split(0.4, groups=np.array(PATIENTS), random_state=0)
    by_column = balance_folder(ImageIndex(data), "unused", group_by="row", dry_run=True)
    by_name = balance_folder(make_data_set(), "unused", group_by="patient", dry_run=True)
    assert by_column.counts_before == by_name.counts_before
    assert len(train) + len(test) == N


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_balanced_folder_of_a_data_set_equals_that_of_its_files(tmp_path, n_jobs):
    data = load_parquet(tmp_path)
    balance_folder(data, tmp_path / "out", group_by="patient", n_jobs=n_jobs)
    # A finished job is left alone, and knows its source again.
    balance_folder(ImageIndex(data), tmp_path / "out", group_by="patient")
    made = ImageIndex(tmp_path / "out" / "train")
    assert made.counts["ant"] == made.counts["zebra"]
    plain = [path for path in made.paths if "__aug" not in path]
    rows = [int(path.rpartition("__")[2].split(".")[0]) for path in plain]
    assert_array_equal(np.array([np.asarray(Image.open(path)) for path in plain]), IMAGES[rows])


def test_a_row_without_an_image_is_named():
    data = make_data_set().cast_column("image", datasets.Image(decode=False))
    rows = [
        row if place != 2 else {"bytes": b"no image", "path": None}
        for place, row in enumerate(data["image"])
    ]
    gone = {"bytes": None, "path": "/gone/a.png"}
    columns = {"image": [*rows[:3], gone, *rows[4:]], "label": LABELS, "patient": PATIENTS}
    index = ImageIndex(datasets.Dataset.from_dict(columns, features=FEATURES))
    with pytest.raises(ValueError, match=r"2 of 24 files could not be read, first: '2.png'"):
        index.read()
    assert list(index.verify().bad_files.values())[1] == "/gone/a.png: no such file or directory"
    assert len(index.read(on_error="skip")) == 22


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda data: datasets.DatasetDict(train=data), {}, "got a dict of them; pass one of 'tr"),
        (lambda data: data.to_iterable_dataset(), {}, "got a stream; load it without streaming"),
        (
            lambda data: data.with_transform(dict),
            {},
            r"does not apply; pass data.with_format\(None",
        ),
        (lambda data: data.select([]), {}, "got an empty data set"),
        (lambda data: data["image"], {}, "or a Hugging Face data set, got Column; ImageBatches"),
        (lambda data: data.remove_columns("label"), {}, "label_column must say .* 'patient'"),
        (
            lambda data: datasets.Dataset.from_dict(
                {"image": list(IMAGES), "label": [None, *LABELS[1:]]},
                features=datasets.Features({k: FEATURES[k] for k in ("image", "label")}),
            ),
            {},
            r"missing labels \(NaN, None\) at positions 0",
        ),
        (lambda data: data, {"label_column": "tag"}, "label_column must say .*got 'tag'"),
        (lambda data: data, {"path_column": "tag"}, "path_column must say .*got 'tag'"),
        (lambda data: data, {"path_column": "label"}, "must have a column of image files, got Cla"),
        (lambda data: data, {"path_column": "patient"}, "must list files that are there"),
        (lambda data: data, {"suffix": ".png"}, "suffix is for a table"),
        (lambda data: data, {"storage_options": {"anon": True}}, "storage_options are for URLs"),
        (lambda data: data, {"levels": "leaf"}, "levels is for class folders"),
        (
            lambda data: data.cast_column("image", datasets.Image()).add_column(
                "labels", [[0]] * N
            ),
            {"label_column": "labels"},
            "one label a row, got several",
        ),
    ],
)
def test_what_is_no_index_of_a_data_set_is_told_what_to_pass(make, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ImageIndex(make(make_data_set()), **options)


def test_paths_of_a_data_set_need_their_index(index):
    lost = ImagePaths.from_bytes([b"0.png"], root=index.root)
    with pytest.raises(ValueError, match="must be read by the ImageIndex of its data set"):
        ImageBatches(lost)[0]
