"""Class shares in, probabilities or logits for other class shares out. No estimator here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklmerge._checks import is_real
from sklmerge._containers import is_pandas
from sklmerge._kinds import show_labels
from sklmerge._tensors import give_in_kind, to_numpy

# Rows that are adjusted at a time: they stay in the processor's cache between the passes.
_CHUNK_VALUES = 1 << 15
_ROW_SUM_OFF = 0.02
_MOST_STEPS = 2000


def adjust_prior(
    P: ArrayLike,
    train_prior: ArrayLike,
    target_prior: str | ArrayLike = "balanced",
    strength: float = 1.0,
) -> Any:
    """Adjust probabilities from the class shares in training to other class shares.

    With the default ``target_prior="balanced"``, probabilities are divided by the class shares of
    the training data. This is the cheapest remedy for imbalance, because nothing is trained again.

    Parameters
    ----------
    P : array-like or tensor of shape (n_samples, n_classes)
        Probabilities, such as the softmax output of a network. For two classes, you can also pass
        only the probability of the second class (a sigmoid output), of shape (n_samples,) or
        (n_samples, 1).
    train_prior : array-like of shape (n_classes,)
        Share (or count) of each class in the training data, in the order of the columns of `P`.
    target_prior : "balanced" or array-like of shape (n_classes,), default="balanced"
        Class shares to adjust to. ``"balanced"`` means equal shares.
    strength : float, default=1.0
        Strength of the adjustment, at least 0: 0 changes nothing, 1 adjusts fully.

    Returns
    -------
    ndarray of the shape of P
        Rows sum to 1. The dtype is float32 if `P` is float32 or bfloat16, and float64 otherwise.
        If `P` is a tensor and scikit-learn's array API dispatch is on, the result is a tensor
        without gradients.

    Raises
    ------
    ValueError
        If `P` does not contain probabilities, or if all probabilities of a row would become 0. Also
        if a prior does not fit the columns of `P`, is negative or sums to 0, or if `strength` is
        below 0.

    See Also
    --------
    PriorAdjustedClassifier : The same adjustment for a scikit-learn classifier.
    logit_offsets : Adjusts logits in the same way, in predictions or in the loss.

    Notes
    -----
    The adjusted probability of class k is proportional to p(k) (pi_target(k) / pi_train(k)) **
    strength. A class whose training share is 0 gets probability 0.

    References
    ----------
    Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori
    Probabilities", Neural Computation 2002, eq. 2.4. Menon et al., "Long-tail learning via logit
    adjustment", ICLR 2021, eq. 9, call `strength` tau.

    Examples
    --------
    >>> from sklmerge import adjust_prior
    >>> adjust_prior([[0.8, 0.2]], train_prior=[900, 100]).round(2)
    array([[0.31, 0.69]])
    """
    table = to_numpy(P)
    table = table if table.dtype == np.float32 else table.astype(np.float64, copy=False)
    is_sigmoid = table.ndim == 1 or (table.ndim == 2 and table.shape[1] == 1)
    if table.ndim not in (1, 2):
        raise ValueError(
            f"P must be of shape (n_samples, n_classes) or (n_samples,), got {table.shape}"
        )
    _check_probabilities(table, is_sigmoid)
    n_classes = 2 if is_sigmoid else table.shape[1]
    factors = find_factors(train_prior, target_prior, strength, n_classes)
    if is_sigmoid:
        flat = table.reshape(-1)
        pairs = scale_rows(np.stack([1 - flat, flat], axis=1), factors)
        return give_in_kind(pairs[:, 1].reshape(table.shape), P)
    return give_in_kind(scale_rows(table, factors), P)


def logit_offsets(
    train_prior: ArrayLike, target_prior: str | ArrayLike = "balanced", strength: float = 1.0
) -> Any:
    """Compute offsets that adjust the logits of a network to other class shares.

    There are two ways to use the offsets. You can add them to the logits when you predict. This has
    the same effect as `adjust_prior` on probabilities. Or you can subtract them from the logits
    inside the cross-entropy loss (balanced softmax). The network then learns logits for
    `target_prior`, and you add nothing when you predict.

    Parameters
    ----------
    train_prior : array-like of shape (n_classes,)
        Share (or count) of each class in the training data; none may be 0.
    target_prior : "balanced" or array-like of shape (n_classes,), default="balanced"
        Class shares to adjust to; none may be 0.
    strength : float, default=1.0
        Strength of the adjustment, at least 0: 0 changes nothing, 1 adjusts fully.

    Returns
    -------
    ndarray of float64, shape (n_classes,)
        The offsets strength * log(pi_target / pi_train), shifted to mean 0. The shift does not
        change the probabilities, because a softmax ignores a constant. If `train_prior` is a tensor
        and scikit-learn's array API dispatch is on, the result is a tensor too.

    Raises
    ------
    ValueError
        If a share is not above 0, the priors have different lengths, or `strength` is below 0.

    See Also
    --------
    adjust_prior : Adjusts probabilities in the same way.

    References
    ----------
    Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, eq. 9 and 10; in the loss:
    Ren et al., "Balanced Meta-Softmax for Long-Tailed Visual Recognition", NeurIPS 2020, eq. 4.

    Examples
    --------
    >>> from sklmerge import logit_offsets
    >>> logit_offsets([900, 100]).round(2)
    array([-1.1,  1.1])
    """
    n_classes = to_numpy(train_prior).size
    for name, prior in (("train_prior", train_prior), ("target_prior", target_prior)):
        if not isinstance(prior, str) and (to_numpy(prior) == 0).any():
            raise ValueError(f"{name} must be above 0 for logits, got {to_numpy(prior).tolist()}")
    offsets = np.log(find_factors(train_prior, target_prior, strength, n_classes))
    return give_in_kind(offsets - offsets.mean(), train_prior)


def find_factors(
    train_prior: Any, target_prior: Any, strength: float, n_classes: int
) -> NDArray[np.float64]:
    """Compute the factor of each column of probabilities."""
    check_strength(strength)
    train = read_shares(train_prior, n_classes, "train_prior")
    if isinstance(target_prior, str):
        if target_prior != "balanced":
            raise ValueError(f"target_prior must be 'balanced' or shares, got {target_prior!r}")
        target = np.full(n_classes, 1 / n_classes)
    else:
        target = read_shares(target_prior, n_classes, "target_prior")
    # A class that training lacked is never predicted, whatever its target.
    ratios = np.divide(target, train, out=np.zeros(n_classes), where=train > 0)
    return np.asarray(ratios**strength)


def check_strength(strength: Any) -> None:
    """Check that `strength` is a finite number of at least 0."""
    if not is_real(strength) or strength < 0:
        raise ValueError(f"strength must be a number of at least 0, got {strength!r}")


def read_shares(prior: Any, n_classes: int, name: str) -> NDArray[np.float64]:
    """Read shares or counts in the order of the columns, and return shares that sum to 1."""
    if isinstance(prior, Mapping) or is_pandas(prior, "Series"):
        raise TypeError(
            f"{name} must be an array in the order of the columns of P, got a "
            f"{type(prior).__name__}; pass [prior[label] for label in classes]"
        )
    shares = to_numpy(prior).astype(np.float64)
    if shares.shape != (n_classes,):
        raise ValueError(
            f"{name} must have one share for each of the {n_classes} classes, "
            f"got shape {shares.shape}"
        )
    if not np.isfinite(shares).all() or (shares < 0).any() or shares.sum() <= 0:
        raise ValueError(
            f"{name} must be finite shares of at least 0 with a sum above 0, got {shares.tolist()}"
        )
    return shares / shares.sum()


def order_shares(prior: Any, classes: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Read shares given by label, as a mapping or a Series, or in the order of the classes."""
    labels = classes.tolist()
    if is_pandas(prior, "Series"):
        # value_counts sorts by frequency, so a Series goes by its labels.
        prior = prior.to_dict()
    if isinstance(prior, Mapping):
        if set(prior) != set(labels):
            raise ValueError(
                f"{name} must have a share for each of {show_labels(labels, 5)}, "
                f"got {show_labels(list(prior), 5)}"
            )
        prior = [prior[label] for label in labels]
    return read_shares(prior, len(labels), name)


def _check_probabilities(table: NDArray[Any], is_sigmoid: bool) -> None:
    """Check that P contains probabilities; allow small rounding errors of half precision."""
    step = max(1, _CHUNK_VALUES // max(1, 1 if is_sigmoid else table.shape[1]))
    for start in range(0, len(table), step):
        chunk = table[start : start + step]
        sums = (
            chunk.reshape(len(chunk))
            if is_sigmoid
            else chunk @ np.ones(chunk.shape[1], chunk.dtype)
        )
        top = 1.0 if is_sigmoid else 1.0 + _ROW_SUM_OFF
        least = 0.0 if is_sigmoid else 1.0 - _ROW_SUM_OFF
        if chunk.min() >= 0 and sums.min() >= least and sums.max() <= top:
            continue
        lowest = chunk.reshape(len(chunk), -1).min(axis=1)
        sound = (lowest >= 0) & (sums >= least) & (sums <= top)
        row = int(np.flatnonzero(~sound)[0])
        raise ValueError(
            "P must hold probabilities, of sum 1 in each row, "
            f"got {chunk[row].tolist()} in row {start + row}; to logits, add logit_offsets"
        )


def scale_rows(P: NDArray[Any], factors: NDArray[np.float64]) -> NDArray[Any]:
    """Multiply each column by its factor, and divide each row by its sum."""
    scaled = np.empty_like(P)
    factors = factors.astype(P.dtype)
    step = max(1, _CHUNK_VALUES // max(1, P.shape[1]))
    for start in range(0, len(P), step):
        chunk = scaled[start : start + step]
        np.multiply(P[start : start + step], factors, out=chunk)
        sums = chunk @ np.ones(P.shape[1], P.dtype)
        if not (np.isfinite(sums).all() and (sums > 0).all()):
            row = start + int(np.flatnonzero(~(np.isfinite(sums) & (sums > 0)))[0])
            raise ValueError(
                "P must have in each row finite probabilities and a class with a share in both "
                f"priors, got {P[row].tolist()} in row {row}"
            )
        np.divide(chunk, sums[:, None], out=chunk)
    return scaled


def estimate_train_shares(
    P: NDArray[np.float64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find the training shares for which the mean adjusted probabilities equal the target."""
    # Saerens, Latinne and Decaestecker 2002, the iteration of eq. 2.9, the other way round.
    factors = np.ones(P.shape[1])
    present = target > 0
    for _ in range(_MOST_STEPS):
        means = scale_rows(P, factors).mean(axis=0)
        if np.abs(means - target).max() < 1e-10:
            break
        factors[present] *= target[present] / means[present]
        factors /= factors.sum()
    shares = np.divide(target, factors, out=np.zeros_like(target), where=present)
    return shares / shares.sum()
