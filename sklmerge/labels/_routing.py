"""Which estimator gets which parameters of MergedClassifier.fit, and with which labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn import get_config
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sklmerge._kinds import Label

# What boosters, networks and scikit-learn call labels to validate on: in pairs (X, y), or alone.
_PAIRS = ("eval_set", "validation_data")
_LABELS = ("y_val", "eval_y")


def name_refiners(refiner: Any) -> dict[str, Any]:
    """Name the refiners to route metadata to: those that are estimators, not "prior"."""
    if isinstance(refiner, Mapping):
        # By its place, because a label may be a number, and no name of a parameter.
        named = {f"refiner_{i}": each for i, each in enumerate(refiner.values())}
    else:
        named = {"refiner": refiner}
    return {k: v for k, v in named.items() if v is not None and not isinstance(v, str)}


def make_router(owner: Any, estimator: Any, refiner: Any) -> MetadataRouter:
    """Route to the estimator and to each refiner the metadata that it requested."""
    fit_to_fit = MethodMapping().add(caller="fit", callee="fit")
    router = MetadataRouter(owner=owner).add_self_request(owner)
    for name, part in {"estimator": estimator, **name_refiners(refiner)}.items():
        router.add(**{name: part}, method_mapping=fit_to_fit)
    return router


def split_params(
    owner: Any, refiner: Any, params: Mapping[str, Any], refined: Sequence[Label]
) -> tuple[dict[str, Any], dict[Label, dict[str, Any]]]:
    """Split the parameters of fit into those of the estimator and those of each refiner."""
    if not get_config()["enable_metadata_routing"]:
        # All of it is the estimator's, and sample_weight every refiner's, too.
        weights = {k: v for k, v in params.items() if k == "sample_weight"}
        return dict(params), dict.fromkeys(refined, weights)
    routed = process_routing(owner, "fit", **params)
    names = dict.fromkeys(refined, "refiner")
    if isinstance(refiner, Mapping):
        names = {label: f"refiner_{i}" for i, label in enumerate(refiner)}
    theirs = {label: dict(routed[names[label]].fit) for label in refined}
    for label, their in theirs.items():
        _refuse_validation(their, label)
    return dict(routed.estimator.fit), theirs


def convert_validation(params: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    """Convert the labels of validation data like y, also in parameters like `step__eval_set`."""
    out = dict(params)
    for name, value in params.items():
        short = name.rpartition("__")[2]
        if value is None or short not in (*_PAIRS, *_LABELS):
            continue
        if short in _LABELS:
            out[name] = convert(value)
        elif isinstance(value, tuple):
            out[name] = _convert_pair(name, value, convert)
        elif isinstance(value, list):
            out[name] = [_convert_pair(name, pair, convert) for pair in value]
        else:
            _convert_pair(name, value, convert)
    return out


def _convert_pair(name: str, pair: Any, convert: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(pair, tuple | list) or len(pair) < 2:
        raise TypeError(
            f"{name} must be (X, y) or a list of such pairs, whose y can be merged, "
            f"got {type(pair).__name__}"
        )
    X, y, *rest = pair
    return (X, convert(y), *rest)


def _refuse_validation(params: Mapping[str, Any], name: Any) -> None:
    """Refuse a validation set for a refiner, which is fitted on one merged class only."""
    for key in params:
        if key.rpartition("__")[2] in (*_PAIRS, *_LABELS):
            raise ValueError(
                f"{key} must not be requested by the refiner of {name!r}, which is fitted on the "
                "rows of that class alone; request it for estimator"
            )
