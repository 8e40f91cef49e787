"""Fit a classifier inside another one: where sample weights and further parameters go."""

from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags, column_or_1d, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import has_fit_parameter


def read_classes_of_rows(owner: BaseEstimator, y: Any) -> NDArray[Any]:
    """Read the y of a classifier's `fit`: one label a row."""
    if y is None:
        raise ValueError(
            f"{type(owner).__name__} requires y to be passed, but the target y is None"
        )
    labels = column_or_1d(y)
    check_classification_targets(labels)
    return np.asarray(labels)


def fit_inner(
    owner: BaseEstimator, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]
) -> Any:
    """Fit a clone of the owner's `estimator`, with weights where they are given.

    Parameters
    ----------
    owner : classifier with an attribute `estimator`
    X, y
        Go on as they are.
    sample_weight : ndarray of shape (n_samples,) or None
    params : dict
        Further parameters of the owner's `fit`.

    Returns
    -------
    classifier
        Fitted.
    """
    if params and get_config()["enable_metadata_routing"]:
        params = process_routing(owner, "fit", **params).estimator.fit
    if sample_weight is not None:
        params = {**params, name_weight_parameter(owner.estimator): sample_weight}
    return clone(owner.estimator).fit(X, y, **params)


def name_weight_parameter(estimator: Any) -> str:
    """Find what an estimator's `fit` calls sample weights; for a pipeline those of its last step.

    Raises
    ------
    TypeError
        If it takes none.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> name_weight_parameter(make_pipeline(StandardScaler(), LogisticRegression()))
    'logisticregression__sample_weight'
    """
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    routed = bool(get_config()["enable_metadata_routing"])
    if hasattr(estimator, "steps"):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps):
            raise TypeError(
                "estimator must not resample where its samples are weighed, since weights belong "
                "to rows; weigh in the pipeline, by a ClassWeightedClassifier as its last step"
            )
        name, last = estimator.steps[-1]
        inner = name_weight_parameter(last)
        return inner if routed else f"{name}__{inner}"
    if hasattr(estimator, "estimator") and _takes_any_parameter(estimator):
        return name_weight_parameter(estimator.estimator)
    raise TypeError(
        f"estimator must take sample_weight in fit to be weighed, {type(estimator).__name__} does "
        "not; resample instead, for example with AugmentingOverSampler"
    )


def copy_fitted_attributes(owner: Any, fitted: Any) -> None:
    """Take over what scikit-learn expects of a fitted classifier, where the inner one has it."""
    for name in ("classes_", "n_features_in_", "feature_names_in_"):
        if hasattr(fitted, name):
            setattr(owner, name, getattr(fitted, name))


def copy_tags(tags: Tags, estimator: Any) -> Tags:
    """Say that the outer classifier takes what the inner one takes."""
    inner = get_tags(estimator)
    tags.input_tags = inner.input_tags
    tags.non_deterministic = inner.non_deterministic
    tags.no_validation = inner.no_validation
    if inner.classifier_tags is not None:
        tags.classifier_tags = inner.classifier_tags
    return tags


def make_router(owner: BaseEstimator) -> MetadataRouter:
    """Say for metadata routing that the owner's `fit` reaches its estimator's `fit`."""
    mapping = MethodMapping().add(caller="fit", callee="fit")
    router = MetadataRouter(owner=owner).add_self_request(owner)
    return router.add(estimator=owner.estimator, method_mapping=mapping)


def _takes_any_parameter(estimator: Any) -> bool:
    parameters = signature(estimator.fit).parameters.values()
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)
