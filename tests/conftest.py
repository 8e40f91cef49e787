"""What holds for all tests."""

import ast
import importlib.util
import os
import signal

import pytest
from hypothesis import settings

# A busy machine is no reason to fail: timings belong in benchmarks.
settings.register_profile("sklmerge", deadline=None)
settings.load_profile("sklmerge")

# TensorFlow tells about itself on every start, and albumentations asks the network for its version.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

# A shell lets SIGINT be ignored by what it starts in the background, and so by the programs that
# tests start and stop. These end by it as they do for a person at a keyboard.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What a contributor need not install: tests that import these are skipped, and named at the end.
OPTIONAL = (
    *("accelerate", "albumentations", "catboost", "dask", "datasets", "distributed", "flask"),
    *("efficientnet_lite_pytorch", "fsspec", "h5py", "imagecodecs", "imagehash", "jax", "jinja2"),
    *("keras", "lightgbm", "lightning", "moto", "onnx", "onnxruntime", "pillow_heif", "polars"),
    *("ray", "s3fs", "skorch", "tensorflow", "torch", "torchdata", "torchvision", "transformers"),
    *("webdataset", "xgboost", "zarr"),
)
MISSING = {name for name in OPTIONAL if importlib.util.find_spec(name) is None}
SKIPPED = set()


def list_missing(source):
    """List the missing packages that a file imports as soon as it is imported."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found & MISSING


def pytest_configure(config):
    """Leave out files that cannot be imported without a package that is missing."""
    for folder in ("sklmerge", "tests") if MISSING else ():
        for path in sorted((config.rootpath / folder).rglob("*.py")):
            if found := list_missing(path.read_text(encoding="utf-8")):
                config.option.ignore = [*(config.option.ignore or ()), str(path)]
                SKIPPED.add((path.name, *sorted(found)))


def pytest_collection_modifyitems(items):
    """Skip the examples of docstrings that import a package that is missing."""
    for item in items:
        if MISSING and isinstance(item, pytest.DoctestItem):
            source = "".join(example.source for example in item.dtest.examples)
            if found := list_missing(source):
                item.add_marker(pytest.mark.skip(f"{', '.join(found)} is not installed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip a test that gets to a package that is missing, or to our own word that it is."""
    try:
        return (yield)
    except ImportError as error:
        found = [name for name in MISSING if name in str(error).replace("-", "_").split()]
        if error.name in MISSING or found or str(error.name).split(".")[0] in MISSING:
            pytest.skip(f"{error.name or found[0]} is not installed")
        raise


def pytest_terminal_summary(terminalreporter):
    """Name the files that were left out: a green run must not hide them."""
    for name, *missing in sorted(SKIPPED):
        terminalreporter.line(f"left out: {name} needs {', '.join(missing)}")


@pytest.fixture(scope="session")
def storage_options():
    """What opens an object store that runs in a thread of this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {"key": "any", "secret": "any", "endpoint_url": f"http://{host}:{port}"}
    server.stop()


@pytest.fixture
def upload(storage_options):
    """Put a folder into the store: (folder, URL) -> URL; the bucket is made where it is missing."""
    import fsspec

    def put(folder, url):
        files = fsspec.filesystem("s3", **storage_options)
        files.mkdirs(url.split("/")[2], exist_ok=True)
        files.put(str(folder) + "/", url + "/", recursive=True)
        return url

    return put
