"""What reading from an object store and balancing into one cost, beside folders.

The store is moto in a process of its own, on loopback, that answers after 50 ms. Sources are JPEG
files of 224 x 300 pixels. Run: python tests/benchmarks/bench_stores.py [n_images]
"""

import logging
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import cv2
import fsspec
import numpy as np
import skimage.data

from sklmerge import ImageIndex, balance_folder
from sklmerge.images import decode_image, encode_image

HEIGHT, WIDTH = 224, 300
DELAY = 0.05


def serve(pipe):
    """Answer as S3 does, but late."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").disabled = True
    store = DomainDispatcherApplication(create_backend_app)

    def answer_late(environment, start_response):
        time.sleep(DELAY)
        return store(environment, start_response)

    server = make_server("127.0.0.1", 0, answer_late, threaded=True)
    pipe.send(server.server_port)
    server.serve_forever()


def write_sources(folder, n_images):
    """Cut so many different patches out of a photograph, one in six of a rare class."""
    photo = skimage.data.astronaut()
    rng = np.random.default_rng(0)
    for label in ("common", "rare"):
        (folder / label).mkdir(parents=True)
    for number in range(n_images):
        top, left = rng.integers(photo.shape[0] - HEIGHT), rng.integers(photo.shape[1] - WIDTH)
        patch = np.ascontiguousarray(photo[top : top + HEIGHT, left : left + WIDTH])
        label = "common" if number % 6 else "rare"
        (folder / label / f"{number:05d}.jpg").write_bytes(encode_image(patch, "jpeg"))


def print_row(name, function):
    """Time a call and print a row of the page's table."""
    start = time.perf_counter()
    result = function()
    print(f"| {name} | {time.perf_counter() - start:.1f} s |", flush=True)
    return result


def measure_reading(url, options):
    index = print_row("listing them", lambda: ImageIndex(url, storage_options=options))
    files = fsspec.filesystem("s3", **options)
    print_row(
        "fetched one by one and decoded",
        lambda: [decode_image(files.cat_file(path)) for path in index.paths],
    )
    rows = np.arange(len(index))
    print_row("`index.read()`", lambda: index.read(rows))
    print_row("`index.read(n_jobs=2)`", lambda: index.read(rows, n_jobs=2))


def measure_balancing(folder, bucket, options):
    def balance(destination, **settings):
        settings = {"split": None, "max_copies": 4, **settings}
        return balance_folder(folder / "photos", destination, **settings)

    report = print_row("balanced from a folder to a folder", lambda: balance(folder / "near"))
    for n_jobs in (1, 2, 8):
        settings = {"n_jobs": n_jobs, "destination_options": options}
        name = f"from the folder to the store, `n_jobs={n_jobs}`"
        print_row(name, lambda s=settings: balance(f"{bucket}/far{s['n_jobs']}", **s))
    print_row("the finished job run again", lambda: balance(f"{bucket}/far8", **settings))
    print(f"{report.n_files} files in each balanced folder")


def main(n_images=300):
    cv2.setNumThreads(1)
    context = multiprocessing.get_context("spawn")
    pipe, end = context.Pipe()
    server = context.Process(target=serve, args=(end,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{pipe.recv()}"
    options = {"key": "any", "secret": "any", "endpoint_url": url}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sources(folder / "photos", n_images)
        files = fsspec.filesystem("s3", **options)
        files.mkdirs("bucket")
        files.put(f"{folder}/photos/", "s3://bucket/photos/", recursive=True)
        print(f"{n_images} JPEG files of {HEIGHT} x {WIDTH}")
        measure_reading("s3://bucket/photos", options)
        measure_balancing(folder, "s3://bucket", options)
    server.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
