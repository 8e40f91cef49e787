"""Finding near duplicates, compared with decoding alone and with finding them among fewer images.

Each image is cut from a different place of a photograph, stored as JPEG, and read once. The images
are 375 x 500 in the comparison with decoding, and 96 x 128 in the other.

A folder of small files, of 40 x 50, is verified as `sklmerge inspect` does it: read, compared and
counted. This is compared with decoding alone.
"""

import tempfile
from pathlib import Path

import cv2
from measuring import Line, compare, main, take_turns
from photographs import encode_photographs

from sklmerge import ImageIndex
from sklmerge.images import decode_image, find_near


def write_files(home, n, height, width, **options):
    """Write photographs; return their paths."""
    paths = []
    for number, content in enumerate(encode_photographs(n, height, width, **options)):
        path = Path(home) / f"{number:06d}.jpg"
        path.write_bytes(content)
        paths.append(str(path))
    return paths


def measure(short):
    cv2.setNumThreads(1)
    n = 100 if short else 1000
    with tempfile.TemporaryDirectory() as home:
        paths = write_files(home, n, 375, 500)
        jobs = {
            "ours": lambda: find_near(paths, n_jobs=1),
            "decoding": lambda: [decode_image(Path(path).read_bytes()) for path in paths],
        }
        yield from compare("near duplicates", jobs, rounds=3, n=n, unit="images")
    n = 1000 if short else 10_000
    with tempfile.TemporaryDirectory() as home:
        Path(home, "a").mkdir()
        paths = write_files(f"{home}/a", n, 40, 50, side=200)
        jobs = {
            "ours": lambda: ImageIndex(home).verify(),
            "decoding": lambda: [decode_image(Path(path).read_bytes()) for path in paths],
        }
        yield from compare("verify small files", jobs, rounds=3, n=n, unit="images")
    with tempfile.TemporaryDirectory() as home:
        paths = write_files(home, n, 96, 128, side=128)
        jobs = {
            n: lambda: find_near(paths),
            n // 10: lambda: find_near(paths[: n // 10]),
        }
        seconds = take_turns(jobs, 2)
        many, few = (count / each for count, each in seconds.items())
        yield Line("near duplicates vs among a tenth of the images", many, few, "images/s")


if __name__ == "__main__":
    main(measure)
