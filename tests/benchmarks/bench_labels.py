"""Merging labels and evaluating predictions, compared with NumPy, pandas and scikit-learn.

`transform` converts labels to merged labels. `fit` learns the classes and their counts. Strings are
stored in fixed-width arrays, as one Python object per label, or as a few objects that many labels
share.
"""

import numpy as np
import pandas as pd
from measuring import compare, main
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.preprocessing import LabelEncoder

from sklmerge import LabelMerger, classification_report_levels, suggest_merges

NAMES = np.array(
    [
        *("angled", "borderline", "burr", "elliptocyte", "fragmented", "melanoma"),
        *("nevus", "rounded", "spherocyte", "target", "teardrop", "two_cells"),
    ]
)
MERGED_NAMES = np.where(np.isin(NAMES, ["nevus", "burr"]), "x", NAMES)
MERGE = {"x": ["nevus", "burr"]}


def measure_integers(n, rng):
    y = rng.integers(0, 12, n)
    table = np.array([0, 0, *range(2, 12)])
    merger = LabelMerger({0: [0, 1]}).fit(y)
    assert (merger.transform(y) == np.take(table, y)).all()
    yield from compare(
        "integers, transform",
        {"ours": lambda: merger.transform(y), "np.take": lambda: np.take(table, y)},
    )
    yield from compare(
        "integers, fit",
        {
            "ours": lambda: LabelMerger({0: [0, 1]}).fit(y),
            "np.unique": lambda: np.unique(y, return_counts=True),
        },
    )


def measure_strings(title, y):
    merger = LabelMerger(MERGE).fit(y)
    names = dict(zip(NAMES.tolist(), MERGED_NAMES.tolist(), strict=True))

    def merge_with_pandas():
        codes, uniques = pd.factorize(y)
        merged = np.array([names[label] for label in uniques], dtype=np.asarray(y).dtype)
        return np.take(merged, codes)

    assert (merge_with_pandas() == merger.transform(y)).all()
    yield from compare(
        f"strings, {title}, transform",
        {"ours": lambda: merger.transform(y), "pandas.factorize and np.take": merge_with_pandas},
    )
    yield from compare(
        f"strings, {title}, fit",
        {
            "ours": lambda: LabelMerger(MERGE).fit(y),
            "LabelEncoder": lambda: LabelEncoder().fit_transform(y),
        },
    )


def measure_categories(n, rng):
    codes = rng.integers(0, len(NAMES), n)
    y = pd.Series(pd.Categorical.from_codes(codes, categories=NAMES.tolist()))
    merger = LabelMerger(MERGE).fit(y)
    merged = sorted(set(MERGED_NAMES.tolist()))
    table = np.array([merged.index(name) for name in MERGED_NAMES.tolist()])

    def merge_with_pandas():
        return pd.Series(pd.Categorical.from_codes(table[y.cat.codes], categories=merged))

    assert (merge_with_pandas().astype(str) == merger.transform(y).astype(str)).all()
    yield from compare(
        "categorical Series, transform",
        {"ours": lambda: merger.transform(y), "pandas' codes": merge_with_pandas},
    )


def measure_report(n, n_classes, rng):
    y_true = rng.integers(0, n_classes, n)
    y_pred = np.where(rng.random(n) < 0.8, y_true, rng.integers(0, n_classes, n))
    merge = {0: list(range(n_classes // 10))}

    def report():
        return classification_report(y_true, y_pred, zero_division=0)

    yield from compare(
        f"report of both levels, {n_classes} classes",
        {
            "ours": lambda: classification_report_levels(y_true, y_pred, merge),
            "scikit-learn's of one": report,
        },
        rounds=2,
    )


def measure_suggestion(n, n_classes, rng):
    y_true = rng.integers(0, n_classes, n)
    # Classes are mixed up by tens.
    near = y_true // 10 * 10 + rng.integers(0, 10, n)
    y_pred = np.where(rng.random(n) < 0.6, y_true, near)

    def cluster():
        confusion = confusion_matrix(y_true, y_pred, normalize="true")
        distance = 1 - (confusion + confusion.T) / 2
        np.fill_diagonal(distance, 0)
        return linkage(squareform(distance, checks=False), "average")

    yield from compare(
        f"suggest_merges, {n_classes} classes",
        {"ours": lambda: suggest_merges(y_true, y_pred), "confusion and linkage": cluster},
        rounds=2,
    )


def measure(short):
    rng = np.random.default_rng(0)
    n = 2 * 10**5 if short else 2 * 10**6
    yield from measure_integers(5 * n, rng)
    codes = rng.integers(0, len(NAMES), n)
    yield from measure_strings("fixed width", NAMES[codes])
    yield from measure_strings("objects of their own", NAMES[codes].astype(object))
    yield from measure_strings("shared objects", NAMES.astype(object)[codes])
    yield from measure_categories(n, rng)
    yield from measure_report(n // 2, 10, rng)
    yield from measure_report(n // 2, 1000, rng)
    yield from measure_suggestion(50_000, 200 if short else 1000, rng)


if __name__ == "__main__":
    main(measure)
