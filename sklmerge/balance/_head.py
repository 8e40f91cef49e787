"""The head of plan.json: what a job is, and what its bytes depend on."""

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from inspect import signature
from typing import Any

import cv2
import numpy as np

from sklmerge.balance._plan import Plan

# The job has a seed and workers of its own.
_NOT_USED = ("random_state", "n_jobs")


def describe_job(plan: Plan, parameters: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Describe a job before it begins: what it is, and what its bytes depend on.

    Parameters
    ----------
    plan : Plan
        Its columns go into the digest.
    parameters : mapping
        Those of `balance_folder` that change what is written.
    source : str
        Where the images are.

    Returns
    -------
    dict
        Head of plan.json.
    """
    told = {name: describe_parameter(value) for name, value in parameters.items()}
    merge = plan.list_members()
    return {
        "digest": plan.digest(json.dumps([told, merge], sort_keys=True)),
        "source": source,
        "parameters": told,
        "merge": merge,
        # OpenCV by its module, for it comes in packages of several names.
        "versions": {
            "sklmerge": version("sklmerge"),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
        "platform": {
            "machine": platform.machine(),
            "processor_features": cv2.getCPUFeaturesLine(),
        },
    }


def write_json(content: Mapping[str, Any]) -> bytes:
    """Write a mapping as JSON for people to read, in UTF-8."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def describe_parameter(value: Any) -> Any:
    """Turn a parameter into what JSON can hold, the same in every process.

    Functions and other objects are named, for their addresses differ from process to process. Of
    estimators only parameters that are not at their default are told.

    Examples
    --------
    >>> from sklmerge.balance._head import describe_parameter
    >>> describe_parameter({"split": (0.8, 0.2), "reader": len})
    {'split': [0.8, 0.2], 'reader': 'builtins.len'}
    >>> from sklmerge import ImageAugmenter
    >>> describe_parameter(ImageAugmenter(rotation_range=15))
    {'ImageAugmenter': {'rotation_range': 15}}
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): describe_parameter(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [describe_parameter(item) for item in value]
    if hasattr(value, "get_params"):
        return {type(value).__name__: _list_changed(value)}
    kind = value if hasattr(value, "__qualname__") else type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _list_changed(estimator: Any) -> dict[str, Any]:
    """List the parameters that are not at their default; a later version may have more of them."""
    known = signature(type(estimator)).parameters
    params = estimator.get_params(deep=False)
    told = {name: describe_parameter(params[name]) for name in params if name not in _NOT_USED}
    return {k: v for k, v in told.items() if v != describe_parameter(known[k].default)}
