"""Merging labels against NumPy, pandas and scikit-learn, in one run.

Contenders take turns, and the best of their turns counts. Each goes from labels to merged labels;
fit learns the classes and their counts. Run: python tests/benchmarks/bench_labels.py
"""

import time

import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder

from sklmerge import LabelMerger

N_INTEGERS = 10**7
N_STRINGS = 2 * 10**6
N_ROUNDS = 7
NAMES = np.array(
    [
        *("angled", "borderline", "burr", "elliptocyte", "fragmented", "melanoma"),
        *("nevus", "rounded", "spherocyte", "target", "teardrop", "two_cells"),
    ]
)
MERGED_NAMES = np.where(np.isin(NAMES, ["nevus", "burr"]), "x", NAMES)


def time_in_turns(jobs):
    """Return the best seconds of each job; they take turns to share good and bad times."""
    best = dict.fromkeys(jobs, np.inf)
    for _ in range(N_ROUNDS):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def print_table(title, seconds, ours, peer):
    print(f"\n{title}")
    for name, value in seconds.items():
        print(f"  {name:34} {value * 1000:8.1f} ms")
    print(f"  {ours} / {peer}: {seconds[ours] / seconds[peer]:.2f}")


def bench_integers(rng):
    y = rng.integers(0, 12, N_INTEGERS)
    table = np.array([0, 0, *range(2, 12)])
    merger = LabelMerger({0: [0, 1]}).fit(y)
    assert (merger.transform(y) == np.take(table, y)).all()
    seconds = time_in_turns(
        {
            "np.take": lambda: np.take(table, y),
            "LabelMerger.transform": lambda: merger.transform(y),
            "np.unique": lambda: np.unique(y, return_counts=True),
            "LabelMerger.fit": lambda: LabelMerger({0: [0, 1]}).fit(y),
        }
    )
    print_table(f"{N_INTEGERS:,} integers", seconds, "LabelMerger.transform", "np.take")


def bench_strings(rng, title, convert):
    y = convert(NAMES[rng.integers(0, len(NAMES), N_STRINGS)])
    merger = LabelMerger({"x": ["nevus", "burr"]}).fit(y)
    names = dict(zip(NAMES.tolist(), MERGED_NAMES.tolist(), strict=True))

    def merge_with_pandas():
        codes, uniques = pd.factorize(y)
        merged = np.array([names[label] for label in uniques], dtype=np.asarray(y).dtype)
        return np.take(merged, codes)

    assert (merge_with_pandas() == merger.transform(y)).all()
    seconds = time_in_turns(
        {
            "pandas.factorize + np.take": merge_with_pandas,
            "pandas.Series.map": lambda: pd.Series(y).map(names),
            "LabelMerger.transform": lambda: merger.transform(y),
            "LabelEncoder.fit_transform": lambda: LabelEncoder().fit_transform(y),
            "LabelMerger.fit": lambda: LabelMerger({"x": ["nevus", "burr"]}).fit(y),
        }
    )
    print_table(
        f"{N_STRINGS:,} strings, {title}",
        seconds,
        "LabelMerger.transform",
        "pandas.factorize + np.take",
    )


def main():
    rng = np.random.default_rng(0)
    bench_integers(rng)
    bench_strings(rng, "fixed width", lambda names: names)
    bench_strings(rng, "objects of their own", lambda names: names.astype(object))
    codes = rng.integers(0, len(NAMES), N_STRINGS)
    bench_strings(rng, "shared objects", lambda _: NAMES.astype(object)[codes])


if __name__ == "__main__":
    main()
