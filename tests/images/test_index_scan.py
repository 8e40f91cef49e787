"""Which files of a folder are images of which class."""

import os
import pickle
import sys
import tracemalloc
from contextlib import nullcontext
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklmerge import ImageIndex
from sklmerge.images import ImagePaths
from sklmerge.images.files import _scan, _sorting

LAYOUT = ["cat/b.jpg", "cat/a.jpg", "cat/deep/er/c.PNG", "dog/z.webp", "ant/x.tiff", "ant/x.bmp"]


def test_first_folder_is_the_class_however_deep_the_image(make_folder):
    index = ImageIndex(make_folder(LAYOUT))
    assert list(index.paths.relative()) == [
        "ant/x.bmp", "ant/x.tiff", "cat/a.jpg", "cat/b.jpg", "cat/deep/er/c.PNG", "dog/z.webp",
    ]  # fmt: skip
    assert index.labels.tolist() == ["ant", "ant", "cat", "cat", "cat", "dog"]
    assert index.class_indices == {"ant": 0, "cat": 1, "dog": 2}
    assert index.counts == {"ant": 2, "cat": 3, "dog": 1}
    assert (index.n_classes, len(index)) == (3, 6)
    assert "6 images of 3 classes" in repr(index)


def test_paths_open_as_they_are(make_folder):
    folder = make_folder(LAYOUT, content=b"x")
    for path in ImageIndex(folder).paths:
        with open(path, "rb") as file:
            assert file.read() == b"x"


def test_hidden_names_and_other_files_are_passed_over(make_folder):
    other = [".git/x.jpg", "cat/.thumbs/x.jpg", "cat/._a.jpg", "cat/notes.txt", "metadata.csv"]
    index = ImageIndex(make_folder([*LAYOUT, *other, "stray.jpg"]))
    assert len(index) == len(LAYOUT)


def test_order_is_bytewise_whatever_the_order_of_writing(make_folder):
    names = ["a/B.jpg", "a/a.jpg", "a/é.jpg", "a/z.jpg", "a/b/1.jpg", "a/b.jpg", "a/Z/1.jpg"]
    index = ImageIndex(make_folder(names[::-1]))
    assert list(index.paths.relative()) == sorted(names, key=os.fsencode)


def test_order_is_bytewise_however_long_names_are_alike(make_folder):
    stems = ["", "a" * 7, "a" * 8, "a" * 9, "img_0000000", "img_00000000000000001", "ß", "A"]
    names = {
        f"{label}/{folder}{stem}{number}.jpg"
        for label in ["ab", "ab-c", "b"]
        for folder in ["", "deep/", "deep-er/", "deep/er/"]
        for stem in stems
        for number in ["1", "10", "9", "09", "100000000000"]
    }
    found = ImageIndex(make_folder(sorted(names, key=lambda name: name[::-1]))).paths.relative()
    by_class = sorted(names, key=lambda name: (name.split("/")[0], os.fsencode(name)))
    assert list(found) == by_class


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([b"", b"a", b"img_00000", b"img_000000000000"]),
            st.binary(max_size=12).map(lambda name: name.replace(b"\0", b"0")),
        )
    ),
    st.integers(1, 20),
)
def test_paths_are_sorted_within_groups_however_few_are_sorted_at_once(rows, at_once):
    rows = sorted(rows, key=lambda row: row[0])
    names = [shared + name for _, shared, name in rows]
    groups = np.array([group for group, _, _ in rows], np.int16)
    lengths = np.array([len(name) for name in names], np.int32)
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    block = bytearray(b"".join(names) + bytes(8))
    with mock.patch.object(_sorting, "_AT_ONCE", at_once):
        _sorting.sort_paths(block, starts, lengths, groups)
    found = [bytes(block[s : s + n]) for s, n in zip(starts, lengths, strict=True)]
    expected = sorted(zip(groups.tolist(), names, strict=True))
    assert found == [name for _, name in expected]


@pytest.mark.parametrize("levels", ["top", "leaf"])
def test_listing_a_large_class_takes_less_than_a_list_of_its_names(levels, make_folder):
    class Entry:
        def __init__(self, name):
            self.name = name

        def is_dir(self):
            return False

    n = 60_000
    folder = make_folder(["a/0.jpg", "b/0.jpg"])
    scandir = os.scandir

    def scan(path):
        if os.path.basename(path) != b"a":
            return scandir(path)
        numbers = (number * 7919 % n for number in range(n))
        return nullcontext(Entry(b"%07d.jpg" % number) for number in numbers)

    # What is done at once is done to a few of these, as it is of many millions.
    at_once = mock.patch.object(_sorting, "_AT_ONCE", 1 << 12)
    with mock.patch("os.scandir", scan), mock.patch.object(_scan, "_BLOCK", 1 << 12), at_once:
        tracemalloc.start()
        index = ImageIndex(folder, levels=levels)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(index) == n + 1
    assert list(index.paths[:n:10_007]) == [
        os.path.join(folder, "a", f"{number:07d}.jpg") for number in range(0, n, 10_007)
    ]
    # 27 bytes of a path are kept, and 16 are needed to cut a class in pieces.
    assert peak < n * (sys.getsizeof("a/0000000.jpg") + 8)


@pytest.mark.parametrize(
    "name",
    [
        "Größe ☃ 名.jpg",
        'it\'s "quoted".jpg',
        "new\nline\t.jpg",
        "a,b:c+d;e.jpg",
        " leading and trailing .jpg",
        "x" * 251 + ".jpg",
    ],
)
def test_odd_names_come_back_as_they_are(name, make_folder):
    folder = make_folder([f"class {name[:20]}/{name}"])
    index = ImageIndex(folder)
    assert list(index.paths) == [os.path.join(folder, f"class {name[:20]}", name)]
    assert os.path.exists(index.paths[0])
    assert index.classes == [f"class {name[:20]}"]


def test_names_that_are_no_utf8_come_back_as_they_are(make_folder):
    folder = make_folder(["cat/a.jpg"])
    odd = os.path.join(os.fsencode(folder), b"cat", b"\xff\xfe.jpg")
    with open(odd, "wb"):
        pass
    assert [os.fsencode(path) for path in ImageIndex(folder).paths][1] == odd


def test_classes_choose_folders_and_keep_sorted_numbers(make_folder):
    folder = make_folder([*LAYOUT, "empty/readme.txt"])
    index = ImageIndex(folder, classes=["dog", "ant"])
    assert index.class_indices == {"ant": 0, "dog": 1}
    assert set(index.labels) == {"ant", "dog"}


def test_extensions_choose_files_in_either_case(make_folder):
    folder = make_folder(["a/1.npy", "a/2.NPY", "a/3.jpg"])
    assert len(ImageIndex(folder, extensions=[".npy"])) == 2


def test_linked_files_and_folders_are_followed_but_not_in_circles(make_folder, tmp_path_factory):
    folder = make_folder(["cat/a.jpg", "dog/b.jpg"])
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "c.jpg").write_bytes(b"")
    (folder / "cat" / "one.jpg").symlink_to(elsewhere / "c.jpg")
    (folder / "cat" / "missing.jpg").symlink_to(elsewhere / "nothing.jpg")
    (folder / "cat" / "itself.jpg").symlink_to(folder / "cat" / "itself.jpg")
    (folder / "cat" / "more").symlink_to(elsewhere)
    (folder / "linked class").symlink_to(elsewhere)
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "cat" / "self").symlink_to(folder / "cat")
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "top").symlink_to(folder.parent)
    (elsewhere / "back").symlink_to(folder / "cat")
    found = list(ImageIndex(folder).paths.relative())
    assert found == [
        "cat/a.jpg", "cat/itself.jpg", "cat/missing.jpg", "cat/more/c.jpg", "cat/one.jpg",
        "dog/b.jpg", "linked class/back/a.jpg", "linked class/back/itself.jpg",
        "linked class/back/missing.jpg", "linked class/back/one.jpg", "linked class/c.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "options", "reason"),
    [
        (["x.jpg"], {}, "the images lie directly; move each class's images"),
        (["notes.txt"], {}, "source must hold a folder for each class, got .* without a folder"),
        (["a/1.jpg", "b/notes.txt"], {}, "class folder without an image: 'b' in"),
        (["a/1.jpg"], {"extensions": [".png"]}, "'a' in .* has no file ending in .png"),
        (["a/1.jpg"], {"classes": ["a", "c"]}, r"classes must name folders of .* got \['c'\]"),
        (["a/1.jpg"], {"classes": []}, r"classes must name folders of .* got \[\]"),
        (["train/a/1.jpg", "val/a/1.jpg"], {}, r"holds parts of a split \(train, val\); take one"),
        (["a/1.jpg"], {"extensions": "jpg"}, r"extensions must be endings such as"),
        (["a/1.jpg"], {"extensions": ["jpg"]}, r"extensions must be endings such as"),
    ],
)
def test_a_folder_that_makes_no_index_is_an_error(names, options, reason, make_folder):
    with pytest.raises(ValueError, match=reason):
        ImageIndex(make_folder(names), **options)


def test_missing_folder_and_classes_as_a_string_are_errors(tmp_path):
    with pytest.raises(ValueError, match="source must be an existing folder"):
        ImageIndex(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="classes must be a list of folder names"):
        ImageIndex(tmp_path, classes="cat")


def test_folders_called_train_and_test_can_still_be_classes(make_folder):
    folder = make_folder(["train/1.jpg", "test/1.jpg"])
    assert ImageIndex(folder, classes=["train", "test"]).classes == ["test", "train"]
    assert ImageIndex(make_folder(["plane/1.jpg"])).classes == ["plane", "test", "train"]


def test_a_single_class_is_allowed(make_folder):
    assert ImageIndex(make_folder(["only/1.jpg"])).counts == {"only": 1}


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_packed_paths_read_like_a_list(names):
    paths = ImagePaths.from_bytes([os.fsencode(name) for name in names])
    assert list(paths) == [paths[i] for i in range(len(paths))] == names
    assert list(paths[::-2]) == names[::-2]
    assert list(paths.take(np.arange(len(names))[::-1])) == names[::-1]
    assert list(pickle.loads(pickle.dumps(paths))) == names
    with pytest.raises(IndexError):
        paths[len(names)]
