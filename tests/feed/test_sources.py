"""Any data set with rows feeds the batches that its images give in memory, and only drawn rows."""

import io
import multiprocessing
import os
import pickle
import tarfile
import threading
import zipfile
from copy import deepcopy

import datasets
import h5py
import numpy as np
import pytest
import torch
import zarr
from numpy.testing import assert_array_equal
from PIL import Image
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset

from sklmerge import (
    BadFileError,
    EpochSchedule,
    ImageBatches,
    ImageIndex,
    ImageScaler,
    config_context,
    set_config,
)
from sklmerge.images import encode_image

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")
BALANCED = EpochSchedule("minority", random_state=0)
TARGET = np.repeat([0, 1], [30, 10])
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 9, 14, 3), dtype=np.uint8)
SETTINGS = {"schedule": BALANCED, "augmenter": "light", "batch_size": 6}


class Photos(Dataset):
    """As people write them: (image, target), the image channels first."""

    def __init__(self, rows=range(40), kind="tensor"):
        self.rows, self.kind = list(rows), kind
        self.targets = TARGET[self.rows].tolist()
        self.read = []

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        self.read.append(row)
        image = IMAGES[self.rows[row]]
        if self.kind == "tensor":
            image = torch.from_numpy(image.transpose(2, 0, 1).copy())
        elif self.kind == "PIL":
            image = Image.fromarray(image)
        if self.kind == "dict":
            return {"image": image, "label": self.targets[row]}
        return image, self.targets[row]


class Own:
    """The protocol, and nothing more."""

    def __init__(self):
        self.reopened = 0

    def __len__(self):
        return 40

    def read(self, row):
        return IMAGES[row]

    def read_many(self, rows):
        return [IMAGES[row] for row in rows]

    def labels(self):
        return TARGET

    def reopen(self):
        self.reopened += 1


def make_table(folder, kind):
    """Write a Hugging Face data set as Parquet, and load that."""
    labels = datasets.ClassLabel(names=["common", "rare"])
    column = {"image": datasets.Image(), "bytes": datasets.Value("binary")}[kind]
    encoded = [encode_image(image, "png") for image in IMAGES]
    rows = [{"bytes": data, "path": None} for data in encoded] if kind == "image" else encoded
    features = datasets.Features({"picture": column, "label": labels})
    table = datasets.Dataset.from_dict({"picture": rows, "label": TARGET}, features=features)
    table.to_parquet(folder / "table.parquet")
    return datasets.Dataset.from_parquet(
        str(folder / "table.parquet"), cache_dir=str(folder / "cache"), features=features
    )


def pack(folder, kind):
    """Write IMAGES as PNG to an archive with a folder a class, sorted as they are numbered."""
    path = str(folder / f"images.{kind}")
    members = [
        (f"{('common', 'rare')[label]}/{row:02d}.png", encode_image(image, "png"))
        for row, (image, label) in enumerate(zip(IMAGES, TARGET, strict=True))
    ]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members:
                archive.writestr(name, data)
        return path
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def make_source(name, folder):
    """Return a source of IMAGES, and y if it does not know its labels."""
    if name == "h5py":
        with h5py.File(folder / "images.h5", "w") as file:
            file.create_dataset("deep/images", data=IMAGES, chunks=(1, 9, 14, 3))
        return h5py.File(folder / "images.h5")["deep/images"], TARGET
    if name == "zarr":
        array = zarr.create_array(str(folder / "images.zarr"), data=IMAGES, chunks=(1, 9, 14, 3))
        return array, TARGET
    if name == "memory map":
        mapped = np.lib.format.open_memmap(
            folder / "images.npy", mode="w+", dtype=np.uint8, shape=IMAGES.shape
        )
        mapped[:] = IMAGES
        mapped.flush()
        return np.load(folder / "images.npy", mmap_mode="r"), TARGET
    if name in ("image", "bytes"):
        return make_table(folder, name), None
    if name in ("zip", "tar"):
        return ImageIndex(pack(folder, name)), None
    if name == "column":
        table = make_table(folder, "image")
        return table["picture"], table["label"]
    if name == "subset":
        twice = ConcatDataset([Photos(range(20)), Photos(range(20, 40))])
        return Subset(twice, range(40)), None
    if name == "own":
        return Own(), None
    if name == "list":
        return [Image.fromarray(image) for image in IMAGES], TARGET
    return Photos(kind=name), None


NAMES = (
    "tensor",
    "array",
    "PIL",
    "dict",
    "subset",
    "image",
    "bytes",
    "h5py",
    "zarr",
    "memory map",
    "own",
    "list",
    "zip",
    "tar",
    "column",
)


@pytest.fixture(params=NAMES)
def source(request, tmp_path):
    return make_source(request.param, tmp_path)


def expect(n_epochs=1):
    batches = ImageBatches(IMAGES, TARGET, **SETTINGS)
    return [batch for epoch in range(n_epochs) for batch in batches.iterate(epoch)]


def read_in_process(batches, queue):
    queue.put([[np.asarray(part) for part in batch] for batch in batches.iterate(0)])


@pytest.mark.parametrize("n_jobs", [None, 3])
def test_a_lazy_source_gives_the_batches_of_its_images_in_memory(
    source, n_jobs, assert_same_batches
):
    data, y = source
    batches = ImageBatches(data, y, n_jobs=n_jobs, **SETTINGS)
    assert_same_batches([*batches, *batches], expect(2))


def test_processes_that_are_forked_or_spawned_read_for_themselves(source, assert_same_batches):
    data, y = source
    batches = ImageBatches(data, y, **SETTINGS)
    # The parent has read before the fork, and reads after it.
    assert_same_batches([batches[0]], expect()[:1])
    loader = batches.to_torch(2)
    for _ in range(2):
        loader.set_epoch(0)
        for (x, y), (images, targets) in zip(loader, expect(), strict=True):
            assert_array_equal(x.numpy(), images.transpose(0, 3, 1, 2))
            assert_array_equal(y.numpy(), targets)
        assert_same_batches([batches[1]], expect()[1:2])
    # What a spawned process is sent.
    sent = pickle.dumps(batches)
    assert_same_batches(pickle.loads(sent), expect())


@pytest.mark.parametrize("name", ["h5py", "tar", "image"])
def test_a_spawned_process_reads_for_itself(tmp_path, name, assert_same_batches):
    data, y = make_source(name, tmp_path)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    batches = ImageBatches(data, y, **SETTINGS)
    process = context.Process(target=read_in_process, args=(batches, queue))
    process.start()
    assert_same_batches(queue.get(timeout=60), expect())
    process.join()


def tell_error(batches, queue):
    try:
        batches[0]
    except ValueError as error:
        queue.put(str(error))
    else:
        queue.put("read")


def tell_error_by_own_limit(batches, queue):
    set_config(max_pixels=52)
    tell_error(batches, queue)


def make_small_batches(folder):
    for label in ("a", "b"):
        (folder / label).mkdir()
        (folder / label / "1.png").write_bytes(encode_image(np.zeros((6, 9), np.uint8), "png"))
    return ImageBatches(ImageIndex(folder), batch_size=2)


@pytest.mark.parametrize(
    ("method", "tell", "limit"),
    # A copy that is forked reads by what holds when it forks; what a worker sets itself wins.
    [("spawn", tell_error, 53), ("spawn", tell_error_by_own_limit, 52), ("fork", tell_error, 53)],
)
def test_other_processes_keep_the_limit_of_pixels(tmp_path, method, tell, limit):
    batches = deepcopy(make_small_batches(tmp_path))
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    with config_context(max_pixels=53):
        process = context.Process(target=tell, args=(batches, queue))
        process.start()
    assert f"6 x 9 pixels are more than max_pixels={limit}" in queue.get(timeout=120)
    process.join()


@pytest.mark.parametrize("name", ["h5py", "image", "zarr", "memory map", "zip", "tar"])
def test_other_processes_are_sent_no_images(tmp_path, name):
    data, y = make_source(name, tmp_path)
    assert len(pickle.dumps(ImageBatches(data, y, **SETTINGS))) < IMAGES.nbytes


def test_only_rows_that_are_drawn_are_read():
    photos = Photos()
    batches = ImageBatches(photos, **SETTINGS)
    assert photos.read == []
    drawn = [batch.draws.indices.tolist() for batch in batches]
    assert sorted(photos.read) == sorted(row for rows in drawn for row in rows)
    # Its own transforms may be random, so that a row is read anew whenever it is drawn.
    list(batches)
    assert len(photos.read) == 2 * len(batches.plan(0).draws)


def test_images_of_several_sizes_are_brought_to_one(assert_same_batches):
    sizes = [(9, 14), (20, 7), (33, 31)]
    images = [np.full((*sizes[row % 3], 3), row, np.uint8) for row in range(12)]
    y = [0, 1] * 6
    batches = ImageBatches(images, y, image_size=(8, 10), batch_size=5)
    assert_array_equal(
        np.concatenate([x for x, _ in batches]),
        np.broadcast_to(np.arange(12, dtype=np.uint8)[:, None, None, None], (12, 8, 10, 3)),
    )
    pictures = [Image.fromarray(image) for image in images]
    assert_same_batches(
        ImageBatches(pictures, y, image_size=(8, 10), batch_size=5), batches.iterate(0)
    )
    with pytest.raises(ValueError, match=r"pass image_size=\(height, width\)"):
        ImageBatches(images, y)[0]


class Endless:
    """Computes any row, and never raises IndexError."""

    def __len__(self):
        return 20

    def __getitem__(self, row):
        return np.zeros((4, 5, 3), np.uint8), 0


class Stream(IterableDataset):
    def __iter__(self):
        raise AssertionError("nothing must be iterated")


@pytest.mark.parametrize(
    "source",
    [
        (image for image in IMAGES),
        iter(IMAGES),
        Stream(),
        DataLoader([1, 2]),
        {"images": IMAGES},
        {1, 2},
        object(),
        42,
        "photos",
    ],
    ids=lambda source: type(source).__name__,
)
def test_what_has_no_rows_is_refused_at_once(source):
    with pytest.raises(
        TypeError, match="source must be images, paths, an ImageIndex or a data set"
    ):
        ImageBatches(source, TARGET)


def test_a_data_set_is_never_iterated():
    batches = ImageBatches(Endless(), np.arange(20) % 2, batch_size=10)
    assert [len(x) for x, _ in batches] == [10, 10]
    with pytest.raises(TypeError, match="source must be labels or a data set that holds them"):
        ImageBatches(Endless())


class Broken(Photos):
    """A row of it cannot be read, for whatever reason."""

    def __getitem__(self, row):
        if row == 33:
            raise KeyError("no such picture")
        return super().__getitem__(row)


def test_a_row_that_cannot_be_read_is_named_or_replaced():
    with pytest.raises(
        BadFileError, match=r"row 33 of Broken could not be read \(KeyError: 'no su"
    ):
        list(ImageBatches(Broken(), **SETTINGS))
    batches = ImageBatches(Broken(), on_error="skip", **SETTINGS)
    rows = np.concatenate([batch.draws.indices for batch in batches])
    assert 33 not in rows
    assert np.count_nonzero(rows == 34) == 2
    assert batches.unreadable == {"row 33 of Broken": "KeyError: 'no such picture'"}


def test_a_data_set_that_changes_its_length_is_refused():
    photos = Photos()
    batches = ImageBatches(photos, **SETTINGS)
    photos.rows.append(0)
    with pytest.raises(
        RuntimeError, match="source must keep its length, got a data set of 40 rows"
    ):
        batches[0]


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (np.zeros((9, 14), np.uint8), "give them one number of channels"),
        (np.zeros((9, 14, 3), np.float32), "give them one dtype"),
        (np.zeros((3, 9, 14), np.uint8), "an image must be .* np.moveaxis"),
        (np.zeros(5, np.uint8), "an image must be"),
        (np.zeros((9, 14, 3), complex), "an image must be of uint8"),
        ("text", "an image must be"),
    ],
)
def test_a_row_of_another_kind_is_named(odd, reason):
    class Odd(Photos):
        def __getitem__(self, row):
            return (odd if row == 31 else IMAGES[row]), self.targets[row]

    with pytest.raises(ValueError, match=rf"(?s)(row 31 of Odd.*{reason}|{reason}.*row 31 of Odd)"):
        list(ImageBatches(Odd(), schedule=BALANCED, batch_size=20))


def test_a_table_without_images_is_refused():
    table = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    with pytest.raises(
        TypeError, match=r"source must have a column of images, got .* 'text', 'lab"
    ):
        ImageBatches(table)


def test_transforms_of_a_table_are_kept():
    table = datasets.Dataset.from_dict(
        {"image": [[[row]] for row in range(6)], "label": [0, 1] * 3}
    )
    table.set_transform(lambda rows: {"image": [np.full((4, 5), 7, np.uint8)] * len(rows["image"])})
    assert (ImageBatches(table, [0, 1] * 3)[0][0] == 7).all()


def test_every_kind_of_source_trains_for_an_epoch(source):
    data, y = source
    loader = ImageBatches(data, y, **SETTINGS).to_torch()
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9 * 14 * 3, 2))
    optimizer = torch.optim.SGD(model.parameters(), 1e-6)
    seen = []
    for x, target in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()
        seen.append(torch.bincount(target).tolist())
    assert np.sum(seen, axis=0).tolist() == [10, 10]


def test_an_own_source_reopens_in_each_process():
    own = Own()
    # Not augmented: a thread that ends in OpenCV at the moment of the fork leaves a lock behind.
    batches = ImageBatches(own, schedule=BALANCED, batch_size=6)
    list(batches)
    assert own.reopened == 0
    if not (child := os.fork()):
        list(batches.iterate(0))
        os._exit(own.reopened)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


@pytest.mark.parametrize("name", ["h5py", "tar", "zip", "image"])
def test_threads_share_a_file(tmp_path, name, assert_same_batches):
    data, y = make_source(name, tmp_path)
    batches = ImageBatches(data, y, cache_bytes=0, **SETTINGS)
    came = {}
    threads = [
        threading.Thread(
            target=lambda epoch=epoch: came.update({epoch: list(batches.iterate(epoch))})
        )
        for epoch in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same_batches([batch for epoch in range(4) for batch in came[epoch]], expect(4))


def test_construction_reads_no_image(folder):
    read = []
    index = ImageIndex(
        folder, reader=lambda path: read.append(path) or np.zeros((4, 5, 3), np.uint8)
    )
    batches = ImageBatches(index, scaler=ImageScaler(rescale=1 / 255), schedule=BALANCED)
    assert repr(batches).startswith("ImageBatches(240 images, 3 classes")
    assert read == []
    assert batches[0][0].dtype == np.float32


class Together(Own):
    """Reads rows together; one of them is bad in its own way."""

    def __init__(self, way):
        super().__init__()
        self.way = way

    def read(self, row):
        if row == 3 and self.way == "raised":
            raise ValueError("torn")
        return super().read(row)

    def read_many(self, rows):
        if self.way == "raised" and 3 in rows:
            raise ValueError("one of them is torn")
        bad = {"listed": ValueError("torn"), "no image": np.zeros(4, np.uint8)}
        return [bad[self.way] if row == 3 and self.way in bad else IMAGES[row] for row in rows][
            : len(rows) - (self.way == "short")
        ]


@pytest.mark.parametrize("way", ["raised", "listed", "no image"])
def test_what_read_many_cannot_read_is_told_or_replaced_as_on_error_says(way):
    settings = {"batch_size": 8, "cache_bytes": 0}
    skipping = ImageBatches(Together(way), on_error="skip", **settings)
    assert_array_equal(
        skipping[0][0], IMAGES[[0, 1, 2, *skipping[0].draws.indices[3:4], 4, 5, 6, 7]]
    )
    assert list(skipping.unreadable) == ["row 3 of Together"]
    with pytest.raises(ValueError, match="row 3 of Together"):
        ImageBatches(Together(way), **settings)[0]


def test_read_many_must_give_an_image_for_each_row():
    with pytest.raises(RuntimeError, match="read_many must give 8 images, got 7"):
        ImageBatches(Together("short"), batch_size=8)[0]


@pytest.mark.parametrize("value", [-1, 65_536])
def test_a_picture_of_integers_beyond_16_bits_is_refused_and_never_wraps(value):
    def picture(values):
        return Image.fromarray(np.array(values, np.int32))

    fine = [picture([[0, 65_535, 7]] * 2)] * 2
    assert ImageBatches(fine)[0][0].dtype == np.uint16
    with pytest.raises(ValueError, match=f"must hold values from 0 to 65535, got .*{value}"):
        ImageBatches([fine[0], picture([[0, value, 7]] * 2)])[0]
