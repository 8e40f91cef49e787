"""Indexing, starting and feeding 500 images beside a million, against the peers, in one run.

Files are links to JPEG files of 500 x 375 pixels cut from scikit-image's photographs. Each road
runs in a process of its own, so that its memory can be told. Run it whole, or with fewer files:

    python tests/benchmarks/bench_feed.py --files 100000
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from index_roads import Clock, index_keras, index_sklmerge, plan_sklmerge, walk_bare

SIZE = (224, 224)
N_RARE = 500
BATCH_SIZE = 32
N_FED = 3000
RANGES = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
}


def write_files(folder, n_files, n_pictures=60):
    """Write a folder of a rare class and a common one, all links to a few pictures."""
    import skimage.data

    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea()]
    rng = np.random.default_rng(0)
    pictures = []
    (folder / "pictures").mkdir(parents=True)
    for number in range(n_pictures):
        photo = photos[number % len(photos)]
        top = rng.integers(photo.shape[0] - 300 + 1)
        left = rng.integers(photo.shape[1] - 400 + 1)
        patch = cv2.resize(photo[top : top + 300, left : left + 400], (500, 375))
        path = folder / "pictures" / f"{number}.jpg"
        cv2.imwrite(str(path), patch[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        pictures.append(str(path))
    for label, n in {"rare": N_RARE, "common": n_files - N_RARE}.items():
        (folder / "classes" / label).mkdir(parents=True)
        for number in range(n):
            os.link(
                pictures[number % n_pictures], folder / "classes" / label / f"img_{number:07d}.jpg"
            )
    return str(folder / "classes")


def make_batches(folder, n_jobs=None):
    from sklmerge import EpochSchedule, ImageAugmenter, ImageBatches, ImageIndex, ImageScaler

    return ImageBatches(
        ImageIndex(folder),
        schedule=EpochSchedule("minority", random_state=0),
        augmenter=ImageAugmenter(**RANGES),
        scaler=ImageScaler(rescale=1 / 255),
        image_size=SIZE,
        batch_size=BATCH_SIZE,
        n_jobs=n_jobs,
    )


def start_sklmerge(folder):
    import sklmerge  # noqa: F401  Importing is not starting.

    clock = Clock()
    x, _ = next(iter(make_batches(folder)))
    return clock.tell() | {"n": len(x)}


def feed_sklmerge(folder):
    cv2.setNumThreads(1)
    batches = make_batches(folder)
    return measure_rate(image for _ in range(9) for image in batches)


def feed_keras(folder):
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(rescale=1 / 255, **RANGES)
    with contextlib.redirect_stdout(io.StringIO()):
        batches = generator.flow_from_directory(folder, SIZE, batch_size=BATCH_SIZE, seed=0)
    return measure_rate(batches, n_images=N_FED // 5)


def feed_torch_sklmerge(folder):
    from torch.utils.data import DataLoader

    from sklmerge.feed.torch import TorchBatches

    loader = DataLoader(
        TorchBatches(make_batches(folder)), batch_size=None, num_workers=2, persistent_workers=True
    )
    return measure_rate(batch for _ in range(9) for batch in loader)


class AlbumentationsFolder:
    """What people write: OpenCV reads, albumentations varies, a weighted sampler draws."""

    def __init__(self, folder):
        import albumentations

        self.paths, self.codes = [], []
        for code, label in enumerate(sorted(os.listdir(folder))):
            names = sorted(os.listdir(os.path.join(folder, label)))
            self.paths += [os.path.join(folder, label, name) for name in names]
            self.codes += [code] * len(names)
        self.transform = albumentations.Compose(
            [
                albumentations.Resize(*SIZE),
                albumentations.HorizontalFlip(p=0.5),
                albumentations.Affine(
                    rotate=(-20, 20),
                    translate_percent=(-0.2, 0.2),
                    shear=(-10, 10),
                    scale=(0.8, 1.2),
                    border_mode=cv2.BORDER_REPLICATE,
                    p=1,
                ),
                albumentations.Normalize(mean=(0, 0, 0), std=(1, 1, 1)),
            ]
        )

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        image = cv2.imread(self.paths[row], cv2.IMREAD_COLOR_RGB)
        varied = self.transform(image=image)["image"]
        return varied.transpose(2, 0, 1).copy(), self.codes[row]


def feed_torch_albumentations(folder):
    from torch.utils.data import DataLoader, WeightedRandomSampler

    dataset = AlbumentationsFolder(folder)
    weights = 1 / np.bincount(dataset.codes)[dataset.codes]
    sampler = WeightedRandomSampler(weights, 2 * N_RARE)
    loader = DataLoader(
        dataset,
        batch_size=BATCH_SIZE,
        sampler=sampler,
        num_workers=2,
        persistent_workers=True,
        worker_init_fn=limit_threads,
    )
    return measure_rate(batch for _ in range(9) for batch in loader)


def limit_threads(worker):
    cv2.setNumThreads(0)


def measure_rate(batches, n_images=N_FED, n_warm=N_RARE * 2):
    """Count images a second after a warm-up of one epoch, which fills the cache."""
    n_seen = 0
    start = None
    warm = min(n_warm, n_images)
    for batch in batches:
        if start is None and n_seen >= warm:
            start, n_seen = time.perf_counter(), 0
        n_seen += len(batch[0])
        if start is not None and n_seen >= n_images:
            break
    return {"images a second": n_seen / (time.perf_counter() - start), "n": n_seen}


ROADS = {
    road.__name__: road
    for road in (
        walk_bare,
        index_sklmerge,
        index_keras,
        start_sklmerge,
        feed_sklmerge,
        feed_keras,
        feed_torch_sklmerge,
        feed_torch_albumentations,
        plan_sklmerge,
    )
}


def run_road(name, folder):
    """Run one road in a process of its own, so that its memory can be told."""
    command = [sys.executable, __file__, "--road", name, "--folder", folder]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if run.returncode:
        return {"failed": run.stderr.strip().splitlines()[-1]}
    return json.loads(run.stdout.splitlines()[-1])


def choose_best(results):
    """Choose the fastest turn, and round its figures."""
    failed = [result for result in results if "failed" in result]
    if failed:
        return failed[0]
    best = min(results, key=lambda run: run.get("seconds", -run.get("images a second", 0)))
    return {
        key: f"{value:.2f}" if isinstance(value, float) else value for key, value in best.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000_500)
    parser.add_argument("--roads", nargs="*", default=list(ROADS))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--road")
    parser.add_argument("--folder")
    settings = parser.parse_args()
    if settings.road:
        result = ROADS[settings.road](settings.folder)
        print(json.dumps(result))
        return
    home = Path(tempfile.mkdtemp())
    try:
        folder = write_files(home, settings.files)
        runs = {name: [] for name in settings.roads}
        # Turn about, and the best turn counts: other programs disturb all roads alike.
        for _ in range(settings.turns):
            for name in settings.roads:
                runs[name].append(run_road(name, folder))
        for name, results in runs.items():
            print(f"{name:26} {choose_best(results)}", flush=True)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
