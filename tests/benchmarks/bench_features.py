"""Features, compared with bare loops over scikit-image and NumPy that give the same values.

Images are 96 x 128 x 3. Two workers are compared with two bare loops in separate processes, which
have their images from the start and send nothing back. HOG is mostly Python, so its workers are
processes. Sending images to them and receiving rows takes time, so HOG does not reach a ratio of 1.
Local binary patterns and colours are counted in threads, without Python's global interpreter lock.
A histogram of colours is so fast that a second thread does not help. The embedding is the output of
a small torch network on one thread; the bare loop resizes and normalises the images in the same
way. Its second fit takes the rows from `cache_dir`.
"""

import subprocess
import sys
import tempfile

import cv2
import numpy as np
import torch
from measuring import compare, main
from photographs import cut_photographs
from skimage.color import rgb2gray
from skimage.feature import hog, local_binary_pattern
from sklearn.base import clone

from sklmerge import ColorHistogram, EmbeddingFeatures, HOGFeatures, LBPFeatures


def describe_by_hog(image):
    return hog(image, 9, (8, 8), (2, 2), channel_axis=-1)


def describe_by_lbp(image):
    grey = np.rint(rgb2gray(image) * 255).astype(np.uint8)
    patterns = local_binary_pattern(grey, 8, 1, "uniform").astype(np.intp)
    return np.bincount(patterns.ravel(), minlength=10) / patterns.size


def describe_by_color(image):
    counts = [np.histogram(image[..., channel], 16, (0, 255))[0] for channel in range(3)]
    return np.concatenate(counts) / image[..., 0].size


KINDS = {
    "HOG": (HOGFeatures, describe_by_hog),
    "LBP": (LBPFeatures, describe_by_lbp),
    "colours": (ColorHistogram, describe_by_color),
}


def make_images(n):
    return cut_photographs(n, 96, 128)


def run_loop(describe, images):
    return np.stack([describe(image) for image in images])


class Process:
    """A bare loop in a process of its own: a line makes it begin, and it writes one at its end."""

    def __init__(self, kind, n):
        command = [sys.executable, __file__, "--worker", kind, str(n)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self.wait()

    def begin(self):
        self.process.stdin.write("go\n")

    def wait(self):
        self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def work(kind, n):
    """Be such a process."""
    images, describe = make_images(n), KINDS[kind][1]
    print("ready", flush=True)
    for _ in sys.stdin:
        run_loop(describe, images)
        print("done", flush=True)


def measure_one_job(images, rounds):
    for name, (features, describe) in KINDS.items():
        ours = features().fit(images)
        assert np.array_equal(ours.transform(images), run_loop(describe, images))
        jobs = {
            "ours": lambda ours=ours: ours.transform(images),
            "a bare loop": lambda describe=describe: run_loop(describe, images),
        }
        yield from compare(name, jobs, rounds=rounds, n=len(images), unit="images")


def measure_two_jobs(images, rounds):
    for name, (features, _) in KINDS.items():
        ours = features(n_jobs=2).fit(images)
        ours.transform(images)  # Workers start once, as the processes have.
        processes = [Process(name, len(images) // 2) for _ in range(2)]

        def run_processes(processes=processes):
            for process in processes:
                process.begin()
            for process in processes:
                process.wait()

        jobs = {
            "ours": lambda ours=ours: ours.transform(images),
            "two bare processes": run_processes,
        }
        yield from compare(f"{name}, two jobs", jobs, rounds=rounds, n=len(images), unit="images")
        for process in processes:
            process.end()


def make_network():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 32, 3, stride=2), torch.nn.ReLU()]
    for _ in range(3):
        layers += [torch.nn.Conv2d(32, 32, 3, padding=1), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten()).eval()


def embed_bare(network, images):
    """Resize, normalise and embed images by the libraries' own calls, 32 at a time."""
    rows = []
    for start in range(0, len(images), 32):
        small = [cv2.resize(image, (112, 112)) for image in images[start : start + 32]]
        batch = np.stack(small).astype(np.float32)
        batch -= 127
        batch /= 128
        planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(batch, -1, 1)))
        with torch.inference_mode():
            rows.append(network(planes).numpy())
    return np.concatenate(rows)


def measure_embedding(images, n_embedded, rounds):
    """Yield an embedding beside a bare loop, and a second fit from `cache_dir` beside a first."""
    torch.set_num_threads(1)
    network = make_network()
    features = EmbeddingFeatures(network, image_size=(112, 112), mean=127, std=128).fit(images)
    some = images[:n_embedded]
    assert np.allclose(features.transform(some), embed_bare(network, some), atol=1e-4)
    jobs = {
        "ours": lambda: features.transform(some),
        "a bare loop": lambda: embed_bare(network, some),
    }
    yield from compare("embedding", jobs, rounds=rounds, n=len(some), unit="images")
    with tempfile.TemporaryDirectory() as folder:
        kept = clone(features).set_params(cache_dir=folder)
        kept.fit_transform(images)
        jobs = {
            "from cache_dir": lambda: kept.fit_transform(images),
            "computed": lambda: clone(features).fit_transform(images),
        }
        yield from compare("embedding, again", jobs, rounds=2, n=len(images), unit="images")


def measure(short):
    images = make_images(32 if short else 512)
    yield from measure_one_job(images, 3 if short else 9)
    # A second fit looks at a few images to know the model again, whatever their number.
    n, n_embedded, rounds = (256, 96, 3) if short else (512, 512, 9)
    yield from measure_embedding(make_images(n), n_embedded, rounds)
    if not short:
        yield from measure_two_jobs(make_images(512), 9)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        main(measure)
