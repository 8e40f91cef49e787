"""Images behind URLs are fed as those of a folder are, in workers that are forked, too."""

import fsspec
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklmerge import EpochSchedule, ImageBatches, ImageIndex

BALANCED = EpochSchedule("minority", random_state=0)


@pytest.fixture
def remote(index, upload, storage_options):
    """The images of every fourth row, in a bucket; and the same on disk."""
    some = index.take(np.arange(0, len(index), 4))
    url = upload(index.root, f"s3://fed{abs(hash(index.root))}/photos")
    options = {"root": url, "storage_options": storage_options}
    return ImageIndex(some.to_frame(), **options), some


def make(index, **settings):
    settings = {"schedule": BALANCED, "augmenter": "light", "batch_size": 7} | settings
    return ImageBatches(index, **settings)


@pytest.mark.parametrize("settings", [{}, {"n_jobs": 3, "cache_bytes": 0}])
def test_batches_of_a_bucket_are_those_of_a_folder(remote, settings, assert_same_batches):
    far, near = remote
    assert_same_batches(make(far, **settings), make(near))


def test_forked_workers_of_a_loader_fetch_for_themselves(remote):
    far, near = remote
    batches = make(far)
    expected = make(near)
    # The parent has connections of its own before the workers are forked, and needs them after.
    assert_array_equal(batches[0][0], expected[0][0])
    loader = batches.to_torch(num_workers=2)
    for epoch in range(3):
        loop = list(loader)
        assert len(loop) == len(expected)
        for (x, _), (images, _) in zip(loop, expected.iterate(epoch), strict=True):
            assert_array_equal(x.numpy(), np.moveaxis(images, 3, 1))
        assert_array_equal(far.read([0]), near.read([0]))


def test_a_file_that_vanished_is_replaced_and_a_silent_store_is_an_error(index, monkeypatch):
    files = fsspec.filesystem("memory")
    files.put(f"{index.root}/", "/fed/", recursive=True)
    far = ImageIndex("memory://fed")
    files.rm("/fed/" + far.paths.relative()[0])
    batches = make(far, schedule=None, augmenter=None, on_error="skip")
    assert batches[0].draws.indices.tolist() == [1, 1, 2, 3, 4, 5, 6]
    assert batches.unreadable == {far.paths[0]: "no such file"}
    with pytest.raises(ValueError, match=r"fed/.* could not be read \(no such file\); pass on_err"):
        make(far, schedule=None, augmenter=None)[0]

    def fail(path, *args, **kwargs):
        raise TimeoutError("the store is silent")

    monkeypatch.setattr(type(files), "cat_file", fail)
    with pytest.raises(ConnectionError, match=r"could not be fetched \(the store is silent\)"):
        batches[1]
