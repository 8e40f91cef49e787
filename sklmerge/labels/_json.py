"""A LabelMerger's settings and what it learned, as JSON text with typed labels, and back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from sklmerge.labels._kinds import to_plain

_FORMAT = "sklmerge.LabelMerger"
_VERSION = 1


def write_json(params: Mapping[str, Any], learned: Mapping[str, Any] | None) -> str:
    """Write parameters and learned state; maps become lists of pairs, which keep key types.

    Parameters
    ----------
    params : mapping
        Constructor parameters.
    learned : mapping or None
        Learned state of plain values, None before fit.

    Returns
    -------
    str
        JSON text.
    """
    document = {
        "format": _FORMAT,
        "version": _VERSION,
        "params": {**params, "merge": _pack_merge(params["merge"])},
        "learned": learned,
    }
    return json.dumps(document, indent=1, allow_nan=False, default=to_plain)


def read_json(text: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read what :func:`write_json` wrote.

    Raises
    ------
    ValueError
        If the text is not JSON, or not of this format.
    """
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
        members = sorted(members)
    return [to_plain(label) for label in members]


def _unpack_merge(packed: Any) -> Any:
    if packed is None:
        return None
    if "map" in packed:
        return dict(packed["map"])
    return packed["sets"]
