"""Run a torch module, a Keras model, an ONNX file or a callable: pixels in, rows out."""

import hashlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklmerge.augment import list_libraries

Run = Callable[[NDArray[np.float32]], Any]


class Wants(NamedTuple):
    """The image format that a model requires; None if unknown."""

    n_channels: int | None = None
    size: tuple[int, int] | None = None


def find_kind(model: Any) -> str:
    """Return the kind of a model: "onnx", "keras", "torch" or "callable"."""
    if isinstance(model, str | os.PathLike):
        if not os.fspath(model).lower().endswith(".onnx"):
            raise ValueError(f"model must be a file that ends in .onnx, got {os.fspath(model)!r}")
        return "onnx"
    if not callable(model) or isinstance(model, type):
        raise TypeError(
            "model must be a torch module, a Keras model, the path of an ONNX file or a callable, "
            f"got {model!r}"
        )
    libraries = list_libraries(model)
    # With its torch backend a Keras model is a module of torch, too.
    return next((library for library in ("keras", "torch") if library in libraries), "callable")


@contextmanager
def open_model(kind: str, model: Any, output: str | None, device: str | None) -> Iterator[Run]:
    """Yield a function from a float32 batch (n, H, W, C) to rows; then restore the model's mode."""
    if kind == "torch":
        with _find_lock(model), _open_torch(model, output, device) as run:
            yield run
    elif kind == "keras":
        _refuse(device, "device", "a Keras model, whose backend chooses it")
        with _find_lock(model), _open_keras(model, output) as run:
            yield run
    else:
        _refuse(output, "output", "a callable; let the callable return it")
        _refuse(device, "device", "a callable; let the callable choose it")
        yield model


# Clones share their model. Its hooks, mode and device are the model's own, so that two threads that
# run it at once would take each other's rows: each model is run by one thread at a time.
_LOCKS: "weakref.WeakKeyDictionary[Any, threading.RLock]" = weakref.WeakKeyDictionary()
_LOCKS_LOCK = threading.Lock()


def _find_lock(model: Any) -> "threading.RLock":
    with _LOCKS_LOCK:
        return _LOCKS.setdefault(model, threading.RLock())


def _refuse(value: str | None, name: str, why: str) -> None:
    if value is not None:
        raise ValueError(f"{name} must be None for {why}, got {value!r}")


@contextmanager
def _keep_modes(modules: list[Any]) -> Iterator[None]:
    """Set torch modules to inference mode, and restore the mode of each afterwards."""
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


@contextmanager
def _open_torch(model: Any, output: str | None, device: str | None) -> Iterator[Run]:
    import torch

    inner = dict(model.named_modules())
    if output is not None and (output == "" or output not in inner):
        raise ValueError(
            f"output must name a layer of the model, such as {_suggest(list(inner)[1:])}, "
            f"got {output!r}"
        )
    home = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    place = home if device is None else torch.device(device)
    caught: list[Any] = []
    hook = None
    if output is not None:
        hook = inner[output].register_forward_hook(lambda *call: caught.append(call[2]))

    def run(batch: NDArray[np.float32]) -> Any:
        planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(batch, -1, 1)))
        caught.clear()
        with torch.inference_mode():
            result = model(planes.to(place))
        result = result if output is None else caught[-1]
        return result.float().cpu().numpy() if isinstance(result, torch.Tensor) else result

    try:
        if place != home:
            model.to(place)
        with _keep_modes(list(model.modules())):
            yield run
    finally:
        if hook is not None:
            hook.remove()
        if place != home:
            model.to(home)


@contextmanager
def _open_keras(model: Any, output: str | None) -> Iterator[Run]:
    import keras

    runner = model
    if output is not None:
        names = [layer.name for layer in getattr(model, "layers", [])]
        if output not in names:
            raise ValueError(
                f"output must name a layer of the model, such as {_suggest(names)}, got {output!r}"
            )
        runner = keras.Model(model.inputs, model.get_layer(output).output)
    compiled = isinstance(runner, keras.Model)

    def run(batch: NDArray[np.float32]) -> Any:
        if compiled:
            return np.asarray(runner.predict_on_batch(batch))
        return keras.ops.convert_to_numpy(runner(batch, training=False))

    if keras.backend.backend() != "torch":
        yield run
        return
    import torch

    with _keep_modes([*model.modules(), *runner.modules()]), torch.no_grad():
        yield run


def _suggest(names: list[str]) -> str:
    return ", ".join(map(repr, names[-3:])) or "none"


class OnnxModel:
    """An onnxruntime session for a file, opened when it is needed and never pickled."""

    def __init__(self, path: str, output: str | None, device: str | None) -> None:
        self.settings = path, output, device
        try:
            import onnxruntime  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "an ONNX file needs onnxruntime; pip install 'sklmerge[onnx]'"
            ) from error
        if not os.path.isfile(path):
            raise ValueError(f"model must be an existing file, got {os.fspath(path)!r}")
        with open(path, "rb") as file:
            content = file.read()
        self.digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        gpu = device is not None and device.split(":")[0] in ("cuda", "gpu")
        if device is not None and not gpu and device != "cpu":
            raise ValueError(f"device must be 'cpu' or 'cuda' for an ONNX file, got {device!r}")
        providers = ["CUDAExecutionProvider"] if gpu else ["CPUExecutionProvider"]
        self.session = _open_session(path, content, providers)
        names = [each.name for each in self.session.get_outputs()]
        if output is not None and output not in names:
            content = _add_output(content, output)
            self.session = _open_session(path, content, providers)
        self.output = names[0] if output is None else output
        self.input = self.session.get_inputs()[0]
        shape = self.input.shape
        if len(shape) != 4:
            raise ValueError(f"model must take images (n, C, H, W), got inputs of shape {shape}")
        self.first = shape[1] in (1, 3, 4) or shape[3] not in (1, 3, 4)
        sides = shape[2:] if self.first else shape[1:3]
        channels = shape[1] if self.first else shape[3]
        fixed = isinstance(sides[0], int) and isinstance(sides[1], int)
        self.wants = Wants(
            channels if isinstance(channels, int) else None,
            (sides[0], sides[1]) if fixed else None,
        )
        self.batch = shape[0] if isinstance(shape[0], int) else None

    def __call__(self, batch: NDArray[np.float32]) -> Any:
        """Run the session on a batch, in parts of the batch size that the model requires."""
        images = np.moveaxis(batch, -1, 1) if self.first else batch
        dtype = _ONNX_DTYPES.get(self.input.type, np.float32)
        images = np.ascontiguousarray(images, dtype)
        step = self.batch or len(images)
        rows = []
        for start in range(0, len(images), step):
            some = images[start : start + step]
            # A fixed batch is filled up with copies of its last image.
            full = np.concatenate([some, np.repeat(some[-1:], step - len(some), axis=0)])
            (result,) = self.session.run([self.output], {self.input.name: full})
            rows.append(result[: len(some)])
        return np.concatenate(rows)


def _open_session(path: str, content: bytes, providers: list[str]) -> Any:
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(content, providers=providers)
    # What it raises for a file that is no model has no other ancestor.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"model must be a file that onnxruntime opens, got {os.fspath(path)!r} ({reason})"
        ) from error


_ONNX_DTYPES = {"tensor(float16)": np.float16, "tensor(double)": np.float64}


def _add_output(content: bytes, name: str) -> bytes:
    """Make a tensor within an ONNX model one of its outputs."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "output within an ONNX file needs the package onnx; pip install onnx"
        ) from error
    graph = onnx.load_from_string(content)
    inner = [each for node in graph.graph.node for each in node.output]
    if name not in inner:
        raise ValueError(
            f"output must name a tensor of the model, such as {_suggest(inner)}, got {name!r}"
        )
    graph.graph.output.append(onnx.ValueInfoProto(name=name))
    return bytes(graph.SerializeToString())


def ask_model(kind: str, model: Any) -> Wants:
    """Find the image format that a torch or Keras model requires, from its first layer or input."""
    if kind == "keras":
        shape = getattr(model, "input_shape", None)
        if isinstance(shape, tuple) and len(shape) == 4:
            size = (shape[1], shape[2]) if shape[1] and shape[2] else None
            return Wants(shape[3], size)
    if kind == "torch":
        for module in model.modules():
            if type(module).__name__.startswith("Conv2d") or hasattr(module, "in_channels"):
                return Wants(module.in_channels)
    return Wants()


def digest_model(kind: str, model: Any) -> str:
    """Hash a model's weights and configuration; for a callable, hash only its name."""
    digest = hashlib.blake2b(digest_size=16)
    if kind == "torch":
        digest.update(repr(model).encode())
        for name, weight in sorted(model.state_dict().items()):
            digest.update(name.encode())
            if hasattr(weight, "detach"):
                plain = weight.detach().cpu().contiguous()
                digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
                digest.update(plain.reshape(-1).view(dtype=_get_bytes_dtype()).numpy())
    elif kind == "keras":
        digest.update(repr(model.get_config() if hasattr(model, "get_config") else "").encode())
        for weight in model.weights:
            values = np.ascontiguousarray(weight.numpy())
            digest.update(f"{values.dtype}{values.shape}".encode())
            digest.update(values.tobytes())
    else:
        named = getattr(model, "__qualname__", type(model).__qualname__)
        digest.update(f"{getattr(model, '__module__', '')}.{named}".encode())
    return digest.hexdigest()


def _get_bytes_dtype() -> Any:
    import torch

    return torch.uint8
