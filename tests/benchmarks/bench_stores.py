"""Reading from an object store and balancing into one, compared with one request at a time.

The object store is simulated by moto, in a separate process on the same machine. It answers each
request after 50 ms. Sources are JPEG files of 224 x 300 pixels.
"""

import logging
import multiprocessing
import tempfile
import time
from pathlib import Path

import cv2
import fsspec
import numpy as np
import skimage.data
from measuring import Line, compare, main, time_once

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


def measure_reading(url, options, n):
    index = ImageIndex(url, storage_options=options)
    files = fsspec.filesystem("s3", **options)
    rows = np.arange(len(index))

    def fetch():
        return [decode_image(files.cat_file(path)) for path in index.paths]

    jobs = {
        "ours": lambda: index.read(rows),
        "one by one": fetch,
    }
    yield from compare("read an index of a store", jobs, rounds=1, n=n, unit="images")


def measure_balancing(folder, bucket, options, n_jobs):
    def balance(destination, **settings):
        settings = {"split": None, "max_copies": 4, **settings}
        return balance_folder(folder / "photos", destination, **settings)

    n_files = balance(folder / "near").n_files
    seconds = {
        jobs: time_once(
            lambda jobs=jobs: balance(
                f"{bucket}/far{jobs}", n_jobs=jobs, destination_options=options
            )
        )
        for jobs in (1, n_jobs)
    }
    one, many = (n_files / each for each in seconds.values())
    yield Line(f"balance into a store, {n_jobs} threads vs one", many, one, "files/s")
    again = time_once(lambda: balance(f"{bucket}/far1", n_jobs=1, destination_options=options))
    yield Line("a finished job run again vs the job", 1e3 * again, 1e3 * seconds[1], "ms")


def measure(short):
    cv2.setNumThreads(1)
    n = 16 if short else 300
    context = multiprocessing.get_context("spawn")
    pipe, end = context.Pipe()
    server = context.Process(target=serve, args=(end,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{pipe.recv()}"
    options = {"key": "any", "secret": "any", "endpoint_url": url}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sources(folder / "photos", n)
        files = fsspec.filesystem("s3", **options)
        files.mkdirs("bucket")
        files.put(f"{folder}/photos/", "s3://bucket/photos/", recursive=True)
        yield from measure_reading("s3://bucket/photos", options, n)
        yield from measure_balancing(folder, "s3://bucket", options, 8)
    server.terminate()


if __name__ == "__main__":
    main(measure)
