"""Write a LabelMerger's parameters and learned attributes as JSON with typed labels; read them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from sklmerge._kinds import Label, to_plain
from sklmerge.labels._merge_map import read_classes

_FORMAT = "sklmerge.LabelMerger"
_VERSION = 1


class JsonText(BaseEstimator):
    """The methods of LabelMerger that write and read JSON."""

    multilabel_: bool
    classes_: NDArray[Any]
    class_counts_: dict[Label, int]
    mapping_: dict[Label, Label]
    classes: Any
    _learn: Callable[..., None]

    def to_json(self) -> str:
        """Write the parameters and, after `fit`, the learned attributes as JSON.

        Returns
        -------
        str
            JSON text that `from_json` reads. You can store it next to the weights of a network.
            Labels keep their types.
        """
        learned = None
        if hasattr(self, "mapping_"):
            learned = {
                "multilabel": self.multilabel_,
                "classes": self.classes_.tolist(),
                "dtype": self.classes_.dtype.str,
                "counts": list(self.class_counts_.values()),
                "mapping": [list(pair) for pair in self.mapping_.items()],
            }
        params = self.get_params(deep=False)
        return write_json({**params, "classes": read_classes(self.classes)}, learned)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a merger from the text of `to_json`. It is fitted if the original was fitted.

        Parameters
        ----------
        text : str
            The text that `to_json` wrote.

        Returns
        -------
        LabelMerger
            A merger whose labels have their original types.

        Raises
        ------
        ValueError
            If the text is not JSON, or was not written by a LabelMerger.

        Examples
        --------
        >>> from sklmerge import LabelMerger
        >>> merger = LabelMerger({0: [0, 1]}).fit([0, 1, 2])
        >>> LabelMerger.from_json(merger.to_json()).transform([1, 2])
        array([0, 2])
        """
        params, learned = read_json(text)
        merger = cls(**params)
        if learned is not None:
            classes = np.array(learned["classes"], dtype=np.dtype(learned["dtype"]))
            mapping = dict(learned["mapping"])
            merger._learn(classes, learned["counts"], mapping, learned["multilabel"])
        return merger


def write_json(params: Mapping[str, Any], learned: Mapping[str, Any] | None) -> str:
    """Write parameters and learned values (None before fit) as JSON text."""
    document = {
        "format": _FORMAT,
        "version": _VERSION,
        "params": {**params, "merge": _pack_merge(params["merge"])},
        "learned": learned,
    }
    return json.dumps(document, indent=1, allow_nan=False, default=to_plain)


def read_json(text: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read the parameters and learned values that `write_json` wrote; check format and version."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"text must be JSON of a LabelMerger: {error}") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"text must be JSON with format {_FORMAT!r}, got {text[:60]!r}")
    if document.get("version") != _VERSION:
        raise ValueError(
            f"text must be version {_VERSION} of {_FORMAT}, got {document.get('version')!r}"
        )
    params = dict(document["params"])
    params["merge"] = _unpack_merge(params["merge"])
    return params, document["learned"]


# Maps become lists of pairs, because a key of a JSON object is text.
def _pack_merge(merge: Any) -> Any:
    if merge is None:
        return None
    if isinstance(merge, Mapping):
        return {"map": [[to_plain(name), _pack_set(members)] for name, members in merge.items()]}
    return {"sets": [_pack_set(members) for members in merge]}


def _pack_set(members: Any) -> list[Any]:
    if isinstance(members, np.ndarray):
        members = members.tolist()
    if isinstance(members, set | frozenset):
        # The order of a set may differ from run to run.
        members = sorted(members)
    return [to_plain(label) for label in members]


def _unpack_merge(packed: Any) -> Any:
    if packed is None:
        return None
    if "map" in packed:
        return dict(packed["map"])
    return packed["sets"]
