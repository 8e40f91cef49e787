"""Arrays of other libraries to NumPy and back: torch, TensorFlow, JAX, CuPy. No labels here."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config

Method = TypeVar("Method", bound=Callable[..., Any])

_NUMPY_FLOATS = ("torch.float16", "torch.float32", "torch.float64")


def is_h5py(values: Any) -> bool:
    """Say whether a value is an h5py data set, which is read lazily from a file."""
    return type(values).__module__.partition(".")[0] == "h5py"


def is_closed(values: Any) -> bool:
    """Say whether a value is an h5py data set of a file that is already closed."""
    return is_h5py(values) and not values


def check_open(values: Any, name: str) -> None:
    """Refuse an h5py data set of a closed file, before it is used."""
    if is_closed(values):
        raise ValueError(f"{name} must be open, got what h5py read from a file that is closed")


def to_numpy(values: Any) -> NDArray[Any]:
    """Convert an array-like, also a torch, TensorFlow or JAX tensor on any device, to NumPy."""
    if hasattr(values, "detach"):
        # Gradients are left behind; bfloat16 and its kin, which NumPy lacks, become float32.
        values = values.detach().cpu()
        if values.is_floating_point() and str(values.dtype) not in _NUMPY_FLOATS:
            values = values.float()
    elif type(values).__module__.partition(".")[0] == "cupy":
        values = values.get()
    check_open(values, "an array")
    array = np.asarray(values)
    # The small floats of ml_dtypes, which TensorFlow and JAX give.
    is_small_float = array.dtype.kind == "V" and array.dtype.type is not np.void
    return array.astype(np.float32) if is_small_float else array


def read_scalars(rows: Any) -> Any:
    """Turn tensors of one number each, as a loop over a data set collects, into plain numbers."""
    if not isinstance(rows, list | tuple):
        return rows
    if not any(hasattr(row, "item") and not isinstance(row, np.generic) for row in rows[:1]):
        return rows
    # A tenth of the time that NumPy takes to ask each tensor for an array.
    return [row.item() if getattr(row, "ndim", None) == 0 else row for row in rows]


def flatten_column(predicted: Any) -> Any:
    """Reshape an array or tensor of shape (n, 1), which CatBoost predicts, to (n,)."""
    is_column = len(getattr(predicted, "shape", ())) == 2 and predicted.shape[1] == 1
    return predicted[:, 0] if is_column else predicted


def give_in_kind(values: Any, like: Any, *, exact: bool = False) -> Any:
    """Convert a NumPy array to a tensor like another one, if array API dispatch is on."""
    if not get_config()["array_api_dispatch"] or not isinstance(values, np.ndarray):
        return values
    # Text stays NumPy's.
    if values.dtype.kind not in "biuf":
        return values
    out = _make_tensor(values, like)
    if out is None:
        return values
    if values.dtype.kind == "f" and _is_float(like):
        # Labels (`exact`) stay wide if the float dtype of X would round them.
        narrow = _cast(out, like.dtype)
        return narrow if not exact or (to_numpy(narrow) == values).all() else out
    return out


def in_kind_of_X(method: Method) -> Method:
    """Make a method return tensors if X is a tensor; see `give_in_kind`."""

    @wraps(method)
    def answer(self: Any, X: Any) -> Any:
        values = method(self, X)
        return give_in_kind(values, X, exact="proba" not in method.__name__)

    return cast(Method, answer)


def take_by_place(values: Any, rows: NDArray[np.intp]) -> Any:
    """Take rows of an array or a tensor; TensorFlow tensors cannot be indexed by an array."""
    if type(values).__module__.partition(".")[0] == "tensorflow":
        return sys.modules["tensorflow"].gather(values, rows)
    return values[rows]


def _make_tensor(values: NDArray[Any], like: Any) -> Any:
    """Make an array of the library of another, or None if that is NumPy's or none at all."""
    library = type(like).__module__.partition(".")[0]
    if library == "torch":
        # A copy, for torch cannot share what is read-only.
        return sys.modules["torch"].tensor(values, device=like.device)
    if library == "tensorflow":
        return sys.modules["tensorflow"].constant(values)
    if library == "cupy":
        return sys.modules["cupy"].asarray(values)
    if library in ("numpy", "pandas", "polars") or not hasattr(like, "__array_namespace__"):
        return None
    out = like.__array_namespace__().asarray(values)
    # JAX makes int32 of int64 without a word, unless it is told otherwise.
    if values.dtype.kind in "iu" and out.dtype.itemsize < values.dtype.itemsize:
        _check_same(values, out)
    return out


def _is_float(like: Any) -> bool:
    return "float" in str(getattr(like, "dtype", ""))


def _cast(tensor: Any, dtype: Any) -> Any:
    if hasattr(tensor, "astype"):
        return tensor.astype(dtype)
    if hasattr(tensor, "to"):
        return tensor.to(dtype)
    return sys.modules["tensorflow"].cast(tensor, dtype)


def _check_same(values: NDArray[Any], out: Any) -> None:
    if len(values) and not np.array_equal(to_numpy(out), values):
        raise ValueError(
            f"labels must fit {out.dtype} to go out as {type(out).__name__}, got "
            f"{int(values.min())} to {int(values.max())}; let JAX hold 64 bits (jax_enable_x64), "
            "or turn array_api_dispatch off"
        )
