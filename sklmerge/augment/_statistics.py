"""Images in, mean and standard deviation of each channel out, in memory that does not grow."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Images turned to float64 at a time.
_BATCH = 32


def measure_channels(
    batch: NDArray[Any],
    prepare: Callable[[NDArray[Any]], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure mean and standard deviation of each channel over all images, a few at a time.

    Parameters
    ----------
    batch : ndarray of shape (n, H, W) or (n, H, W, C)
        Images.
    prepare : callable
        What happens to them before they are measured.

    Returns
    -------
    mean, std : ndarray of float64, shape (1,) or (C,)

    References
    ----------
    Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", 1979: how two sums of squared deviations join without losing digits.
    """
    n_seen, mean, deviations = 0, np.zeros(1), np.zeros(1)
    for start in range(0, len(batch), _BATCH):
        pixels = prepare(batch[start : start + _BATCH])
        pixels = pixels.reshape(-1, batch.shape[3] if batch.ndim == 4 else 1)
        own_mean = pixels.mean(axis=0)
        own_deviations = ((pixels - own_mean) ** 2).sum(axis=0)
        n_all = n_seen + len(pixels)
        step = own_mean - mean
        deviations = deviations + own_deviations + step**2 * (n_seen * len(pixels) / n_all)
        mean = mean + step * (len(pixels) / n_all)
        n_seen = n_all
    return mean, np.sqrt(deviations / n_seen)
