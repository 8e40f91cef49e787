"""Feeding balanced batches from a class of 500 images and one of a million, compared with others.

The files are JPEG photographs of 375 x 500. They are read, resized to 224 x 224, augmented by the
same geometry and rescaled. Keras' `flow_from_directory` and sklmerge run in one thread each.
PyTorch uses two workers, in which OpenCV reads and albumentations augments; a
`WeightedRandomSampler` draws the images. In the short run, there are only 2,000 files: sklmerge
gets an index whose million entries repeat them, and the other libraries, whose cost per image does
not depend on the number of files, get their folder. In the full run, every library gets a million
files. With few files, most images would soon come from the cache, so the comparison with 2,000
files uses no cache. The cost of many classes is the time of 10,000 draws from 10,000 classes,
compared with the same number of draws from ten. Batches from sources that are read lazily are
compared with reading the same rows by the source's own library: h5py or zarr for arrays, and Pillow
for photographs in archives, files and tables.
"""

import contextlib
import io
import itertools
import os
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

import cv2
import datasets
import h5py
import numpy as np
import pandas as pd
import zarr
from measuring import Line, compare, main, take_turns
from photographs import GEOMETRY, compose_albumentations, make_keras_generator, write_folder
from PIL import Image

from sklmerge import EpochSchedule, ImageAugmenter, ImageBatches, ImageIndex, ImageScaler

SIZE = (224, 224)
N_RARE = 500
N_MANY, N_FEW = 1_000_500, 2_000
BATCH_SIZE = 32
# Images before the clock starts. Peers keep none, and are warm when workers have fetched ahead.
PEER_WARM = 8 * BATCH_SIZE


def name_files(paths, n):
    """Make an index of n entries, 500 of them rare, of these few files."""
    rows = np.arange(n)
    labels = np.where(rows < N_RARE, "rare", "common")
    frame = pd.DataFrame({"file_name": np.array(paths, object)[rows % len(paths)], "label": labels})
    return ImageIndex(frame)


def make_batches(index, **options):
    return ImageBatches(
        index,
        schedule=EpochSchedule("minority", random_state=0),
        augmenter=ImageAugmenter(**GEOMETRY),
        scaler=ImageScaler(rescale=1 / 255),
        image_size=SIZE,
        batch_size=BATCH_SIZE,
        **options,
    )


def loop_for_ever(batches):
    """Go round epoch after epoch."""
    while True:
        yield from batches


def flow_keras(folder):
    generator = make_keras_generator(rescale=1 / 255, **GEOMETRY)
    with contextlib.redirect_stdout(io.StringIO()):
        return generator.flow_from_directory(folder, SIZE, batch_size=BATCH_SIZE, seed=0)


class AlbumentationsFolder:
    """What people write: OpenCV reads, albumentations augments, a weighted sampler draws."""

    def __init__(self, folder):
        self.paths, self.codes = [], []
        for code, label in enumerate(sorted(os.listdir(folder))):
            names = sorted(os.listdir(os.path.join(folder, label)))
            self.paths += [os.path.join(folder, label, name) for name in names]
            self.codes += [code] * len(names)
        self.transform = compose_albumentations(size=SIZE, mean=(0, 0, 0), std=(1, 1, 1))

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        image = cv2.imread(self.paths[row], cv2.IMREAD_COLOR_RGB)
        augmented = self.transform(image=image)["image"]
        return augmented.transpose(2, 0, 1).copy(), self.codes[row]


def limit_threads(worker):
    cv2.setNumThreads(0)


def load_albumentations(folder):
    from torch.utils.data import DataLoader, WeightedRandomSampler

    dataset = AlbumentationsFolder(folder)
    weights = 1 / np.bincount(dataset.codes)[dataset.codes]
    return DataLoader(
        dataset,
        batch_size=BATCH_SIZE,
        sampler=WeightedRandomSampler(weights, 2 * N_RARE),
        num_workers=2,
        persistent_workers=True,
        worker_init_fn=limit_threads,
    )


def load_ours(index):
    return make_batches(index).to_torch(2, persistent_workers=True)


def take_rates(feeds, n_images, rounds, warm_ups):
    """Let feeds go on in turns; return the best images a second of each after so many others."""
    feeds = {name: loop_for_ever(feed) for name, feed in feeds.items()}
    for name, feed in feeds.items():
        for _ in itertools.islice(feed, warm_ups[name] // BATCH_SIZE):
            pass
    best = dict.fromkeys(feeds, 0.0)
    for _ in range(rounds):
        for name, feed in feeds.items():
            start, n_seen = time.perf_counter(), 0
            while n_seen < n_images:
                n_seen += len(next(feed)[0])
            best[name] = max(best[name], n_seen / (time.perf_counter() - start))
    return best


def measure_one_thread(many, few, folder, short):
    feeds = {"ours": make_batches(many), "keras": flow_keras(folder)}
    # After an epoch of ours the rare images are decoded and kept.
    warm_ups = {"ours": 2 * N_RARE, "keras": BATCH_SIZE}
    best = take_rates(feeds, 192 if short else 1000, 3, warm_ups)
    name = f"one thread, {N_MANY:,} files"
    yield Line(f"{name} vs Keras' flow_from_directory", *best.values(), "images/s")
    feeds = {"many": make_batches(many, cache_bytes=0), "few": make_batches(few, cache_bytes=0)}
    warm_ups = dict.fromkeys(feeds, BATCH_SIZE)
    best = take_rates(feeds, 320 if short else 1000, 3, warm_ups)
    yield Line(f"{name} vs {N_FEW:,}", *best.values(), "images/s")


def measure_workers(many, folder, short):
    feeds = {"ours": load_ours(many), "theirs": load_albumentations(folder)}
    # Each worker has a cache of its own, which takes longer to hold all rare images.
    warm_ups = {"ours": 6 * N_RARE, "theirs": PEER_WARM}
    best = take_rates(feeds, 960 if short else 2000, 3, warm_ups)
    name = f"two workers, {N_MANY:,} files vs torch and albumentations"
    yield Line(name, best["ours"], best["theirs"], "images/s")


def measure_loader(few, short):
    """Yield what the loader of torch costs, beside a plain loop: both work ahead in one thread."""
    feeds = {"loader": make_batches(few).to_torch(), "plain": make_batches(few)}
    warm_ups = dict.fromkeys(feeds, 2 * N_RARE)
    best = take_rates(feeds, 320 if short else 2000, 3, warm_ups)
    yield Line("to_torch without workers vs a plain loop", *best.values(), "images/s")


class Pictures:
    """What people write for torch: files that Pillow opens when they are asked for."""

    def __init__(self, paths):
        self.paths, self.targets = paths, np.arange(len(paths)) % 2

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        return decode(Path(self.paths[row]).read_bytes()), self.targets[row]


def decode(data):
    """Decode by Pillow, as the libraries that hold encoded images do."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def open_arrays(home, images):
    """Yield images as h5py and zarr hold them, a chunk for each, and what reads a row."""
    chunks = (1, *images.shape[1:])
    with h5py.File(f"{home}/images.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=chunks)
    rows = h5py.File(f"{home}/images.h5")["images"]
    yield "h5py array", rows, rows.__getitem__
    array = zarr.create_array(f"{home}/images.zarr", shape=images.shape, chunks=chunks, dtype="u1")
    array[:] = images
    yield "zarr array", array, array.__getitem__


def open_archives(home, paths):
    """Yield indexes of the files in a tar and in a zip, and what reads a row by the library."""
    names = [f"{row % 2}/{row:05}.jpg" for row in range(len(paths))]
    with tarfile.open(f"{home}/files.tar", "w") as tar:
        for name, path in zip(names, paths, strict=True):
            tar.add(path, name)
    with zipfile.ZipFile(f"{home}/files.zip", "w") as zipped:
        for name, path in zip(names, paths, strict=True):
            zipped.write(path, name)
    names.sort()
    with tarfile.open(f"{home}/files.tar") as tar:
        members = [tar.getmember(name) for name in names]
        read = tar.extractfile
        yield "tar", ImageIndex(f"{home}/files.tar"), lambda row: decode(read(members[row]).read())
    with zipfile.ZipFile(f"{home}/files.zip") as zipped:
        yield "zip", ImageIndex(f"{home}/files.zip"), lambda row: decode(zipped.read(names[row]))


def open_data_sets(home, paths):
    """Yield a torch Dataset, and a table that holds the bytes of the files; and a row's reading."""
    pictures = Pictures(paths)
    yield "torch Dataset", pictures, lambda row: pictures[row][0]
    rows = [{"bytes": Path(path).read_bytes(), "path": None} for path in paths]
    kinds = {"image": datasets.Image(), "label": datasets.Value("int64")}
    columns = {"image": rows, "label": pictures.targets}
    table = datasets.Dataset.from_dict(columns, features=datasets.Features(kinds))
    yield "Hugging Face data set", table, lambda row: np.asarray(table[row]["image"])


def measure_lazy(home, paths):
    """Yield what batches of lazy sources cost beside the libraries' own reading of the rows."""
    n = len(paths)
    images = np.random.default_rng(0).integers(0, 256, (n, *SIZE, 3), dtype=np.uint8)
    opened = (open_arrays(home, images), open_archives(home, paths), open_data_sets(home, paths))
    for name, source, read in itertools.chain(*opened):
        y = np.arange(n) % 2 if name.endswith("array") else None
        batches = ImageBatches(source, y, batch_size=BATCH_SIZE, cache_bytes=0)
        jobs = {
            "ours": lambda b=batches: [b.make_batch(0, number) for number in range(len(b))],
            "its rows bare": lambda read=read: [
                np.stack([read(row) for row in range(start, min(start + BATCH_SIZE, n))])
                for start in range(0, n, BATCH_SIZE)
            ],
        }
        article = "an" if name.startswith("h5") else "a"
        yield from compare(f"batches of {article} {name}", jobs, rounds=5, n=n, unit="images")


def measure_classes(n_draws=10_000):
    """Yield the cost of an epoch among many classes beside the same number of draws among few."""
    schedules = {
        n: EpochSchedule(n_draws // n, random_state=0, stratify_batches=False).fit(
            np.arange(2 * n_draws) % n
        )
        for n in (10, n_draws)
    }
    epochs = itertools.count()
    jobs = {n: lambda s=schedule: s.draws(next(epochs)) for n, schedule in schedules.items()}
    seconds = take_turns(jobs, 3)
    few, many = (1e3 * each for each in seconds.values())
    yield Line(f"an epoch's draws, {n_draws:,} classes vs 10", many, few, "ms")


def measure_rows(n):
    y = np.zeros(n, np.int8)
    y[np.random.default_rng(0).integers(0, n, n // 200)] = 1
    jobs = {
        "ours": lambda: EpochSchedule("minority", random_state=0).fit(y),
        "np.bincount and np.flatnonzero": lambda: (np.bincount(y), np.flatnonzero(y)),
    }
    yield from compare("fit a schedule", jobs, rounds=3)


def measure(short):
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as home:
        n_files = N_FEW if short else N_MANY
        paths = write_folder(Path(home), {"rare": N_RARE, "common": n_files - N_RARE})
        folder = f"{home}/classes"
        many = name_files(paths, N_MANY) if short else ImageIndex(folder)
        yield from measure_one_thread(many, name_files(paths, N_FEW), folder, short)
        yield from measure_workers(many, folder, short)
        yield from measure_loader(name_files(paths, N_FEW), short)
        yield from measure_lazy(home, (paths * 9)[: 96 if short else 512])
    yield from measure_classes()
    yield from measure_rows(10**7 if short else 10**8)


if __name__ == "__main__":
    main(measure)
