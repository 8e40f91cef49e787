"""An index behind a URL is the index of the same folder on disk."""

import os
import pickle
import shutil
import subprocess
import sys

import fsspec
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sklmerge import ColorHistogram, ImageIndex, ImageReader, config_context
from sklmerge.images import encode_image

NAMES = [
    *(f"Ünï [1]/{i}.png" for i in range(9)),
    *(f"b, +#?/deep/{i}.jpg" for i in range(5)),
    *(f"c/{i}.bmp" for i in range(23)),
]


def draw_image(name, shape=(6, 9, 3)):
    return np.random.default_rng(list(name.encode())).integers(0, 256, shape, dtype=np.uint8)


def encode(name):
    endings = {"png": "png", "jpg": "jpeg", "bmp": "bmp"}
    return encode_image(draw_image(name), endings[name.rpartition(".")[2]])


@pytest.fixture
def folder(make_folder):
    for name in NAMES:
        make_folder([name], encode(name))
    return make_folder([".hidden/1.png", "c/.thumbs/1.png", "c/notes.txt", "readme.txt"], b"x")


@pytest.fixture(params=["s3", "memory"])
def place(request, folder):
    """A URL of the folder, and what opens it."""
    if request.param == "memory":
        url = f"memory://{folder.name}/photos"
        fsspec.filesystem("memory").put(f"{folder}/", f"/{folder.name}/photos/", recursive=True)
        return url, {}
    url = request.getfixturevalue("upload")(folder, f"s3://b{abs(hash(folder))}/photos")
    return url, request.getfixturevalue("storage_options")


def assert_same_index(remote, local):
    assert remote.class_indices == local.class_indices
    assert list(remote.paths.relative()) == list(local.paths.relative())
    assert_array_equal(remote.labels, local.labels)
    assert remote.counts == local.counts
    assert_array_equal(remote.read(), local.read())


def test_all_that_an_index_does_it_does_behind_a_url(place, folder):
    url, options = place
    merge = {"both": ["c", "Ünï [1]"]}
    local = ImageIndex(folder, merge=merge)
    remote = ImageIndex(url + "/", merge=merge, storage_options=options)
    assert remote.root == url
    assert remote.paths[0] == f"{url}/{NAMES[9]}"
    assert_same_index(remote, local)
    for some, same in zip(remote.split(0.3), local.split(0.3), strict=True):
        assert_same_index(some, same)
    assert_same_index(remote.with_merge(None).take([30, 3]), local.with_merge(None).take([30, 3]))
    assert_same_index(pickle.loads(pickle.dumps(remote)), local)
    assert remote.verify(n_jobs=2) == local.verify()
    images = remote.read([1, 0], image_size=(3, 4), color_mode="grayscale", n_jobs=2)
    assert_array_equal(images, local.read([1, 0], image_size=(3, 4), color_mode="grayscale"))
    assert ImageIndex(url, classes=["c"], storage_options=options).counts == {"c": 23}


def test_a_table_holds_paths_below_a_url_and_whole_urls_and_local_paths(place, folder):
    url, options = place
    local = ImageIndex(folder)
    remote = ImageIndex(url, storage_options=options)
    frame = remote.to_frame()
    pd.testing.assert_frame_equal(frame, local.to_frame())
    again = ImageIndex(frame, root=url, storage_options=options)
    assert_same_index(again, local)
    frame["file_name"] = [
        path if row % 2 else str(folder / name)
        for row, (path, name) in enumerate(zip(remote.paths, frame["file_name"], strict=True))
    ]
    mixed = ImageIndex(frame, root="anywhere", storage_options=options)
    assert list(mixed.paths) == list(frame["file_name"])
    assert_array_equal(mixed.read(), local.read())


@pytest.mark.parametrize("scheme", ["file", "local"])
def test_a_url_of_the_disk_is_its_path_links_and_all(folder, scheme):
    (folder / "a linked class").symlink_to(folder / "c", target_is_directory=True)
    (folder / "c/deep").symlink_to(folder / "b, +#?/deep", target_is_directory=True)
    local = ImageIndex(folder)
    assert local.counts["a linked class"] == 23 + 5
    index = ImageIndex(f"{scheme}://{folder}")
    assert index.root == local.root
    assert_same_index(index, local)
    assert_same_index(ImageIndex(local.to_frame(), root=f"{scheme}://{folder}"), local)
    (folder / "c/loop").symlink_to(folder / "c")
    assert_same_index(ImageIndex(f"{scheme}://{folder}"), local)


def test_features_and_pipelines_begin_with_urls(place, folder):
    url, options = place
    local = ImageIndex(folder).take(range(6))
    remote = ImageIndex(url, storage_options=options).take(range(6))
    features = ColorHistogram(n_bins=3)
    expected = features.fit_transform(local)
    assert_array_equal(features.fit_transform(remote), expected)
    pipeline = make_pipeline(ImageReader(storage_options=options), features)
    assert_array_equal(pipeline.fit_transform(list(remote.paths)), expected)
    assert_array_equal(ImageReader().transform(remote), local.read())


def test_a_reader_gets_the_content_of_a_url_as_a_file(tmp_path):
    array = draw_image("x", (5, 7))
    np.save(tmp_path / "x.npy", array)
    files = fsspec.filesystem("memory")
    files.pipe({"/arrays/a/x.npy": (tmp_path / "x.npy").read_bytes(), "/arrays/b/y.npy": b"no"})
    names = []

    def read(file):
        names.append(file.name)
        return np.load(file)

    index = ImageIndex("memory://arrays", extensions=[".npy"], reader=read)
    assert_array_equal(index.read([0]), [array])
    assert names == ["memory://arrays/a/x.npy"]
    assert list(index.verify().bad_files) == ["b/y.npy"]


def test_a_file_that_vanished_is_a_bad_file(place, folder):
    url, options = place
    index = ImageIndex(url, storage_options=options)
    files, path = fsspec.core.url_to_fs(index.paths[2], **(options or {}))
    files.rm(path)
    with pytest.raises(ValueError, match=r"1 of 37 .*: 'b, \+#\?/deep/2.jpg' \(no such file\)"):
        index.read()
    images, rows = index.read(on_error="skip", return_indices=True)
    assert (len(images), set(range(37)) - set(rows.tolist())) == (36, {2})
    assert index.verify().bad_files == {"b, +#?/deep/2.jpg": "no such file"}


@pytest.mark.parametrize("error", [PermissionError("keys are old"), TimeoutError("it is silent")])
def test_a_store_that_fails_is_not_the_fault_of_a_file(monkeypatch, error):
    files = fsspec.filesystem("memory")
    files.pipe({"/failing/a/1.png": encode(NAMES[0]), "/failing/b/2.png": encode(NAMES[1])})
    index = ImageIndex("memory://failing")

    def fail(path, *args, **kwargs):
        raise error

    for name in ("cat_file", "ls", "find"):
        monkeypatch.setattr(type(files), name, fail)
    for action in (lambda: index.read(on_error="skip"), index.verify):
        with pytest.raises(ConnectionError, match=rf"failing/a/1.png could not .* \({error}\)"):
            action()
    with pytest.raises(ConnectionError, match=rf"memory://failing could not be listed \({error}"):
        ImageIndex("memory://failing")


def test_a_store_that_is_down_and_a_bucket_that_is_not_there_are_named(storage_options):
    with pytest.raises(ValueError, match="source must be an existing folder, got 's3://no-such"):
        ImageIndex("s3://no-such-bucket/photos", storage_options=storage_options)
    quick = {"config_kwargs": {"retries": {"total_max_attempts": 1}, "connect_timeout": 1}}
    down = storage_options | {"endpoint_url": "http://127.0.0.1:9", **quick}
    with pytest.raises(ConnectionError, match=r"s3://bucket could not be listed \(Could not conn"):
        ImageIndex("s3://bucket", storage_options=down)


@pytest.mark.parametrize(
    ("names", "options", "reason"),
    [
        ([], {}, "source must be an existing folder, got 'memory://shape'"),
        (["1.png"], {}, "in 'memory://shape' the images lie directly"),
        (["a/1.txt", "b/1.png"], {}, "class folder without an image: 'a' in 'memory://shape'"),
        (["train/a/1.png", "val/a/2.png"], {}, "'memory://shape' holds parts of a split"),
        (["a/1.png"], {"classes": ["b"]}, r"classes must name folders of 'memory://shape', got \["),
    ],
)
def test_what_a_folder_must_not_be_a_url_must_not_be(names, options, reason):
    files = fsspec.filesystem("memory")
    if files.exists("/shape"):
        files.rm("/shape", recursive=True)
    files.pipe({f"/shape/{name}": b"x" for name in names})
    with pytest.raises(ValueError, match=reason):
        ImageIndex("memory://shape", **options)


def test_options_for_paths_and_unknown_urls_are_refused(folder):
    with pytest.raises(ValueError, match="storage_options are for URLs"):
        ImageIndex(folder, storage_options={})
    with pytest.raises(ValueError, match="storage_options are for URLs"):
        ImageIndex(ImageIndex(folder).to_frame(), root=folder, storage_options={})
    with pytest.raises(ValueError, match=f"are for URLs, such as .* got the path '{folder}'"):
        ImageIndex(f"file://{folder}", storage_options={})
    with pytest.raises(ValueError, match="Protocol not known: teleport"):
        ImageIndex("teleport://bucket")


def test_an_archive_takes_an_option_and_no_chain(folder):
    archive = shutil.make_archive(str(folder), "zip", folder)
    assert_same_index(ImageIndex("zip://", storage_options={"fo": archive}), ImageIndex(folder))
    for url in (f"zip://::file://{archive}", "zip://x::s3://bucket/x.zip", "blockcache::file://x"):
        with pytest.raises(ValueError, match=r"chained by '::', got .*name it in storage_options"):
            ImageIndex(url)
    fsspec.filesystem("memory").put(f"{folder}/", f"/{folder.name}/cached/", recursive=True)
    assert len(ImageIndex(f"simplecache::memory://{folder.name}/cached")) == len(NAMES)


def test_without_fsspec_a_url_says_what_to_install():
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from sklmerge import ImageIndex\n"
        "try:\n    ImageIndex('s3://bucket')\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "fsspec is needed for 's3://bucket'; pip install 'sklmerge[cloud]'" in done.stdout


def test_images_beyond_the_limit_of_pixels_are_bad_unless_it_is_raised(folder):
    index = ImageIndex(folder)
    with config_context(max_pixels=53):
        with pytest.raises(ValueError, match="6 x 9 pixels are more than max_pixels=53"):
            index.read([0], n_jobs=2)
        assert len(index.verify(n_jobs=2).bad_files) == 37
    with config_context(max_pixels=None):
        assert index.verify().ok
    with config_context(max_pixels=54):
        assert index.read([0]).shape == (1, 6, 9, 3)


def test_a_fork_neither_waits_nor_disturbs_its_parent(folder, upload, storage_options):
    index = ImageIndex(upload(folder, "s3://forked/photos"), storage_options=storage_options)
    expected = index.read()
    for _ in range(3):
        child = os.fork()
        if child == 0:
            same = np.array_equal(index.read(), expected)
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert_array_equal(index.read(n_jobs=2), expected)
