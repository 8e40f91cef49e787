"""Merge image classes, balance them, weight the remaining imbalance, and undo the merge."""

from threading import RLock
from typing import Any

import lazy_loader

__version__ = "0.2.0"

# __init__.pyi lists the names. A room is loaded when the first of its names is needed, so that the
# import itself takes no time.
_load, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)
_loading = RLock()


def __getattr__(name: str) -> Any:
    """Load a name, one thread at a time, so that no thread sees a half-loaded package."""
    if name in _DOORS:
        raise ImportError(f"sklmerge has no {name} to import; {_DOORS[name]}")
    with _loading:
        try:
            return _load(name)
        except AttributeError as error:
            if name not in _names:
                raise
            # Python would say that there is no such name, and hide what is broken.
            broken: Exception = error
        except ImportError as error:
            if "OpenCV" in str(error):
                raise
            broken = error
    raise ImportError(_explain(name, broken)) from broken


def _explain(name: str, error: Exception) -> str:
    """Explain why a name cannot be loaded; the usual cause is a broken or old OpenCV."""
    reason = f"{type(error).__name__}: {error}"
    if "cv2" in str(error) or getattr(error, "name", None) == "cv2":
        return (
            f"sklmerge.{name} needs OpenCV 5 or later, and the cv2 found is broken or older "
            f'({reason}); run pip install --force-reinstall "opencv-python-headless>=5"'
        )
    return f"sklmerge.{name} cannot be loaded ({reason})"


# Names that people look for, and what they are looking for.
_DOORS = {
    "KerasBatches": "batches.to_keras() makes one, and the class is in sklmerge.feed.keras",
    "EpochBatchSampler": "it is in sklmerge.feed.torch",
    "TorchBatches": "batches.to_torch(num_workers=...) gives the finished DataLoader",
}


_ROOMS = {
    "augment",
    "balance",
    "datasets",
    "features",
    "feed",
    "images",
    "labels",
    "plot",
    "report",
    "sampling",
    "weights",
}
# `from sklmerge import *` must not put a room where somebody has `images` or `labels`.
__all__ = [name for name in _names if name not in _ROOMS]
