"""Class weights and sample weights against scikit-learn's functions, in one run.

The bare limits are np.bincount and np.take. Run: python tests/benchmarks/bench_weights.py
"""

import resource
import time

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from sklmerge import ClassWeightEstimator

N_INTEGERS = 10**7
N_STRINGS = 2 * 10**6
N_STREAMED = 10**8
N_CLASSES = 10


def take_best(function, repeats=3):
    """Time a call in seconds, the best of a few."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def compare(name, y):
    """Print how sklmerge and scikit-learn fare on labels y."""
    weights = ClassWeightEstimator().fit(y)
    classes = weights.classes_
    theirs = take_best(lambda: compute_class_weight("balanced", classes=classes, y=y))
    ours = take_best(lambda: ClassWeightEstimator().fit(y))
    print(f"{name:24} fit        {theirs:8.3f} {ours:8.3f} {theirs / ours:7.1f}")
    theirs = take_best(lambda: compute_sample_weight("balanced", y))
    ours = take_best(lambda: weights.transform(y))
    print(f"{name:24} transform  {theirs:8.3f} {ours:8.3f} {theirs / ours:7.1f}")


def stream():
    """Count labels in chunks; return seconds and the growth of peak memory in MB."""
    rng = np.random.default_rng(0)
    chunk = rng.integers(0, N_CLASSES, 10**6)
    weights = ClassWeightEstimator().partial_fit(chunk)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    for _ in range(N_STREAMED // len(chunk)):
        weights.partial_fit(chunk)
    seconds = time.perf_counter() - start
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return seconds, growth


def main():
    rng = np.random.default_rng(0)
    seconds, growth = stream()
    print(f"{N_STREAMED:.0e} labels in chunks: {seconds:.2f} s, {growth:.0f} MB more memory\n")
    print(f"{'labels':24} {'':10} {'sklearn':>8} {'sklmerge':>8} {'ratio':>7}")
    codes = rng.integers(0, N_CLASSES, N_INTEGERS)
    compare("1e7 int64", codes)
    compare("1e7 int64, -5 to 4", codes - 5)
    compare("1e7 uint8", codes.astype(np.uint8))
    compare("1e7 int64, far apart", codes * 10**9)
    names = np.array([f"class_{code}" for code in range(N_CLASSES)])
    compare("2e6 fixed-width strings", names[codes[:N_STRINGS]])
    compare("2e6 string objects", names.astype(object)[codes[:N_STRINGS]])
    print(f"\nnp.bincount {take_best(lambda: np.bincount(codes)):.3f} s, ", end="")
    print(f"np.take {take_best(lambda: np.take(np.ones(N_CLASSES), codes)):.3f} s for 1e7 int64")


if __name__ == "__main__":
    main()
