"""Class weights and sample weights, compared with scikit-learn's functions.

Bare `np.bincount` and `np.take` show the lowest possible cost of `fit` and `transform`. Integers
that lie far apart are sorted instead of counted, so the gain in `fit` is small. Labels in chunks
are counted by `partial_fit`, which needs no memory for the labels.
"""

import numpy as np
from measuring import Line, compare, main, take_turns
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from sklmerge import ClassWeightEstimator, EpochSchedule, ImageBatches, adjust_prior

N_CLASSES = 10


def measure_labels(name, y):
    weights = ClassWeightEstimator().fit(y)
    classes = weights.classes_
    yield from compare(
        f"{name}, fit",
        {
            "ours": lambda: ClassWeightEstimator().fit(y),
            "compute_class_weight": lambda: compute_class_weight("balanced", classes=classes, y=y),
        },
        rounds=3,
    )
    yield from compare(
        f"{name}, transform",
        {
            "ours": lambda: weights.transform(y),
            "compute_sample_weight": lambda: compute_sample_weight("balanced", y),
        },
        rounds=3,
    )


def measure_bare(y):
    weights = ClassWeightEstimator().fit(y)
    table = np.ones(N_CLASSES)
    yield from compare(
        "int64, fit",
        {"ours": lambda: ClassWeightEstimator().fit(y), "np.bincount": lambda: np.bincount(y)},
    )
    yield from compare(
        "int64, transform",
        {"ours": lambda: weights.transform(y), "np.take": lambda: np.take(table, y)},
    )


def measure_chunks(chunk, n_chunks):
    def count():
        weights = ClassWeightEstimator()
        for _ in range(n_chunks):
            weights.partial_fit(chunk)

    def count_bare():
        for _ in range(n_chunks):
            np.bincount(chunk)

    yield from compare("labels in chunks", {"ours": count, "np.bincount": count_bare}, rounds=3)


def measure_classes(n_few, n_many):
    """Yield the cost of a weighted one-hot batch with few classes beside many."""
    feeds = {}
    for n_classes in (n_few, n_many):
        y = np.arange(2 * n_many) % n_classes
        feeds[n_classes] = ImageBatches(
            np.zeros((len(y), 4, 4), np.uint8),
            y,
            schedule=EpochSchedule(2 * n_many // n_classes, random_state=0),
            class_weight="balanced",
            batch_size=n_many,
        )
    jobs = {n: lambda feed=feed: [len(part) for part in feed] for n, feed in feeds.items()}
    seconds = take_turns(jobs, 3)
    name = f"weighted batches of {n_many} classes vs of {n_few}"
    yield Line(name, 1e3 * seconds[n_many], 1e3 * seconds[n_few], "ms")


def measure_prior(n):
    """Yield the adjustment of probabilities beside the bare arithmetic."""
    P = np.random.default_rng(0).dirichlet(np.ones(N_CLASSES), n)
    shares = np.arange(1, N_CLASSES + 1) / 55

    def adjust_bare():
        moved = P * (1 / N_CLASSES / shares)
        return moved / moved.sum(axis=1, keepdims=True)

    assert np.allclose(adjust_prior(P, shares), adjust_bare())
    jobs = {"ours": lambda: adjust_prior(P, shares), "bare NumPy": adjust_bare}
    yield from compare("adjust_prior", jobs, rounds=3)


def measure(short):
    rng = np.random.default_rng(0)
    n = 5 * 10**5 if short else 10**7
    codes = rng.integers(0, N_CLASSES, n)
    yield from measure_labels("int64", codes)
    yield from measure_bare(codes)
    yield from measure_labels("int64 from below zero", codes - 5)
    yield from measure_labels("uint8", codes.astype(np.uint8))
    yield from measure_labels("int64 far apart", codes * 10**9)
    names = np.array([f"class_{code}" for code in range(N_CLASSES)])
    few = codes[: n // 5]
    yield from measure_labels("strings of fixed width", names[few])
    yield from measure_labels("strings as shared objects", names.astype(object)[few])
    yield from measure_chunks(codes[: 10**6], 20 if short else 100)
    yield from measure_classes(10, 1000)
    yield from measure_prior(n // 10)


if __name__ == "__main__":
    main(measure)
