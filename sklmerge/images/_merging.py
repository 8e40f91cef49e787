"""Classes of a folder and a merge map: fitted to one another, and counted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklmerge.labels import LabelMerger, check_merger
from sklmerge.labels._reading import CountedLabels


def fit_merger(merge: Any, classes: list[Any], codes: NDArray[np.signedinteger]) -> LabelMerger:
    """Fit a merger to the classes of a folder, all of which it must find.

    Parameters
    ----------
    merge : mapping, list of lists, LabelMerger or None
        As for `ImageIndex`.
    classes : list
        The classes of the folder.
    codes : ndarray of int, shape (n,)
        The position of each image's class among them.

    Returns
    -------
    LabelMerger
        Fitted to the classes of all images; what it was given stays as it is.

    Raises
    ------
    ValueError
        If `merge` names a class that is not there.
    """
    # A fold may lack a class, and LabelMerger says how; in a folder it is a slip of the pen.
    counted = CountedLabels(classes, list(count_classes(classes, codes).values()))
    merger = check_merger(merge).set_params(missing="ignore").fit(counted)
    absent = [label for label in merger.mapping_ if label not in merger.class_counts_]
    if absent:
        raise ValueError(
            f"merge must name classes that are there, got {absent}; there are "
            f"{list(merger.class_counts_)}"
        )
    return merger.set_params(missing="error")


def count_classes(classes: list[Any], codes: NDArray[np.signedinteger]) -> dict[Any, int]:
    """Count the codes of each class; 0 for one that does not occur."""
    numbers = np.bincount(codes, minlength=len(classes)).tolist()
    return dict(zip(classes, numbers, strict=True))
