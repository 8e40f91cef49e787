"""Finding near duplicates: the cost for an image among ten times as many.

Images are JPEG photographs of 96 x 128, each cut from another place; each is read once.
"""

import tempfile
from pathlib import Path

import cv2
from measuring import Line, main, take_turns
from photographs import encode_photographs

from sklmerge.images import find_near


def measure(short):
    cv2.setNumThreads(1)
    n = 1000 if short else 10_000
    with tempfile.TemporaryDirectory() as home:
        paths = []
        for number, content in enumerate(encode_photographs(n, 96, 128, side=128)):
            path = Path(home) / f"{number:06d}.jpg"
            path.write_bytes(content)
            paths.append(str(path))
        jobs = {
            n: lambda: find_near(paths),
            n // 10: lambda: find_near(paths[: n // 10]),
        }
        seconds = take_turns(jobs, 2)
        many, few = (count / each for count, each in seconds.items())
        yield Line("near duplicates vs among a tenth of the images", many, few, "images/s")


if __name__ == "__main__":
    main(measure)
