"""Which parameters of fit go to the estimator, and which to each refiner."""

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn import get_config
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sklmerge.labels._kinds import Label


def name_refiners(refiner: Any) -> dict[str, Any]:
    """Name those refiners that are estimators, as metadata is routed to them.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> name_refiners({"AB": "prior", "CD": GaussianNB()})
    {'refiner_1': GaussianNB()}
    """
    if isinstance(refiner, Mapping):
        named = {f"refiner_{i}": each for i, each in enumerate(refiner.values())}
    else:
        named = {"refiner": refiner}
    return {k: v for k, v in named.items() if v is not None and not isinstance(v, str)}


def make_router(owner: Any, estimator: Any, refiner: Any) -> MetadataRouter:
    """Say who gets which metadata: the estimator, and every refiner, what it requested."""
    fit_to_fit = MethodMapping().add(caller="fit", callee="fit")
    router = MetadataRouter(owner=owner).add_self_request(owner)
    for name, part in {"estimator": estimator, **name_refiners(refiner)}.items():
        router.add(**{name: part}, method_mapping=fit_to_fit)
    return router


def split_params(
    owner: Any, refiner: Any, params: Mapping[str, Any], refined: Sequence[Label]
) -> tuple[dict[str, Any], dict[Label, dict[str, Any]]]:
    """Split the parameters of fit into the estimator's and each refiner's.

    Parameters
    ----------
    owner : MergedClassifier
        Whose fit it is.
    refiner : classifier, mapping of label -> classifier or "prior", "prior" or None
        As the owner has it.
    params : mapping of str -> object
        What its fit was given. Without metadata routing all of it is the estimator's, and
        ``sample_weight`` every refiner's, too.
    refined : sequence of labels
        The merged classes that a refiner is fitted for.

    Returns
    -------
    own : dict of str -> object
        The estimator's.
    theirs : dict of label -> dict of str -> object
        Those of the refiner of each merged class.
    """
    if not get_config()["enable_metadata_routing"]:
        weights = {k: v for k, v in params.items() if k == "sample_weight"}
        return dict(params), dict.fromkeys(refined, weights)
    routed = process_routing(owner, "fit", **params)
    names = dict.fromkeys(refined, "refiner")
    if isinstance(refiner, Mapping):
        names = {label: f"refiner_{i}" for i, label in enumerate(refiner)}
    theirs = {label: dict(routed[names[label]].fit) for label in refined}
    return dict(routed.estimator.fit), theirs
