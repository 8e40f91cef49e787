"""What holds for all tests."""

import os

import pytest
from hypothesis import settings

# A busy machine is no reason to fail: timings belong in benchmarks.
settings.register_profile("sklmerge", deadline=None)
settings.load_profile("sklmerge")

# TensorFlow tells about itself on every start, and albumentations asks the network for its version.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


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
