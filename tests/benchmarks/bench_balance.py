"""The offline job on one worker, compared with Keras' `save_to_dir` and Augmentor.

Sources are JPEG photographs of 375 x 500; each gets ten augmented copies of 224 x 224. Small files
show what the job costs besides decoding, warping and encoding. These sources are 48 x 64. Each is
checked, copied once and augmented once. A bare loop does the same and writes the files. The cost
per file is also compared with that of a job a tenth as large.
"""

import contextlib
import io
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from measuring import Line, main
from photographs import GEOMETRY, cut_photographs, encode_photographs, make_keras_generator

from sklmerge import ImageAugmenter, balance_folder

N_COPIES = 10
SIZE = (224, 224)


def write_sources(folder, contents):
    """Write files of two classes of one size."""
    for label in ("even", "odd"):
        (folder / label).mkdir(parents=True)
    for number, content in enumerate(contents):
        label = "odd" if number % 2 else "even"
        (folder / label / f"{number:06d}.jpg").write_bytes(content)
    return folder


def run_ours(source, destination):
    n_sources = sum(1 for _ in source.rglob("*.jpg"))
    report = balance_folder(
        source,
        destination,
        samples_per_class=(1 + N_COPIES) * n_sources // 2,
        augmenter=ImageAugmenter(**GEOMETRY),
        split=None,
        image_size=SIZE,
    )
    return report.n_files


def run_keras(source, destination):
    destination.mkdir()
    generator = make_keras_generator(**GEOMETRY)
    batches = generator.flow_from_directory(
        str(source), SIZE, batch_size=20, save_to_dir=str(destination), save_format="jpg", seed=0
    )
    n_images = 0
    while n_images < N_COPIES * batches.n:
        n_images += len(next(batches)[0])
    # Not the number of files: names collide and files are lost.
    return n_images


def run_augmentor(source, destination):
    import Augmentor

    pipeline = Augmentor.Pipeline(str(source), output_directory=str(destination))
    pipeline.rotate(probability=1, max_left_rotation=20, max_right_rotation=20)
    pipeline.shear(probability=1, max_shear_left=10, max_shear_right=10)
    pipeline.zoom(probability=1, min_factor=1.0, max_factor=1.2)
    pipeline.flip_left_right(probability=0.5)
    pipeline.resize(probability=1, width=SIZE[1], height=SIZE[0])
    pipeline.sample(N_COPIES * len(pipeline.augmentor_images), multi_threaded=False)
    return sum(1 for _ in destination.rglob("*.jpg"))


def take_rate(function, source, destination):
    """Return the files a second of one run."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        start = time.perf_counter()
        n_files = function(source, destination)
        rate = n_files / (time.perf_counter() - start)
    shutil.rmtree(destination)
    return rate


def measure_copies(folder, n_sources, rounds):
    source = write_sources(folder / "source", encode_photographs(n_sources, 375, 500))
    warm_up = write_sources(folder / "warm_up", encode_photographs(2, 375, 500))
    runs = {"ours": run_ours, "Keras' save_to_dir": run_keras, "Augmentor": run_augmentor}
    best = {name: 0 * take_rate(run, warm_up, folder / "out") for name, run in runs.items()}
    for _ in range(rounds):
        for name, run in runs.items():
            best[name] = max(best[name], take_rate(run, source, folder / "out"))
    ours = best.pop("ours")
    for name, rate in best.items():
        yield Line(f"ten copies of each file vs {name}", ours, rate, "files/s")


def run_small(source, destination):
    """Copy each file, and augment it once."""
    n = sum(1 for _ in source.rglob("*.jpg"))
    report = balance_folder(
        source,
        destination,
        samples_per_class=n,
        augmenter=ImageAugmenter(rotation_range=20, horizontal_flip=True),
        split=None,
    )
    return report.n_files


def run_bare(source, destination):
    """Decode, warp, encode and write, and nothing else."""
    destination.mkdir()
    paths = sorted(source.rglob("*.jpg"))
    matrix = cv2.getRotationMatrix2D((32, 24), 12, 1)
    for path in paths:
        content = path.read_bytes()
        (destination / path.name).write_bytes(content)
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        image = cv2.warpAffine(image, matrix, (64, 48), borderMode=cv2.BORDER_REPLICATE)
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
        (destination / f"copy_{path.name}").write_bytes(encoded)
    return 2 * len(paths)


def measure_small(folder, n):
    # All different, as equal files would be found and told.
    photographs = cut_photographs(n, 48, 64, side=64, seed=1)
    contents = [cv2.imencode(".jpg", image[..., ::-1])[1].tobytes() for image in photographs]
    many = write_sources(folder / "many", contents)
    few = write_sources(folder / "few", contents[: n // 10])
    rates = dict.fromkeys(("many", "few", "bare"), 0.0)
    for _ in range(2):
        for name, run, source in (
            ("many", run_small, many),
            ("few", run_small, few),
            ("bare", run_bare, many),
        ):
            rates[name] = max(rates[name], take_rate(run, source, folder / "out"))
    yield Line(
        "small files vs decode, warp, encode, write", rates["many"], rates["bare"], "files/s"
    )
    yield Line("small files vs a tenth of them", rates["many"], rates["few"], "files/s")


def measure(short):
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as home:
        yield from measure_copies(Path(home), 6 if short else 40, 1 if short else 3)
        yield from measure_small(Path(home), 2000 if short else 20_000)


if __name__ == "__main__":
    main(measure)
