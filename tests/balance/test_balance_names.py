"""What files are called in a balanced folder."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklmerge.balance.plan._names import (
    check_class_name,
    choose_extension,
    find_unsafe_names,
    join_base,
    make_base,
    name_file,
)

# Few letters, so that names meet: cases, composed and decomposed accents, endings of our own.
STEMS = st.sampled_from(
    [
        *("a", "A", "\u00e9", "e\u0301", "\u00c9", "\u1e9e", "ss", "\udcff"),
        *("a__aug0001", "a__AUG0002", "a-0123456789", "a_", "_a", "b c", 'q"', "n\nl"),
        *("x" * 240, "x" * 241, "\u20ac" * 80),
    ]
)
PATHS = st.builds(
    lambda folder, inner, stem, ending: f"{folder}/{inner}{stem}{ending}",
    st.sampled_from(["k", "K", "k_", "k__a"]),
    st.sampled_from(["", "1/", "2/"]),
    STEMS,
    st.sampled_from([".jpg", ".JPG", ".png"]),
)


def name_all(paths):
    raw = [path.encode("utf-8", "surrogateescape") for path in paths]
    bases = [join_base(path.split("/")[0], data) for path, data in zip(paths, raw, strict=True)]
    unsafe = find_unsafe_names(["folder"] * len(paths), bases)
    return [make_base(*row) for row in zip(bases, raw, unsafe.tolist(), strict=True)]


def fold(name):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


@given(paths=st.lists(PATHS, min_size=1, max_size=30, unique=True))
def test_names_are_legal_and_unique_even_where_case_and_accents_are_ignored(paths):
    names = [
        name_file(base, copy, choose_extension(path.encode("utf-8", "replace"), "png"))
        for base, path in zip(name_all(paths), paths, strict=True)
        for copy in (0, 1, 2, 12345)
    ]
    assert len({fold(name) for name in names}) == len(names)
    assert all(len(name.encode()) <= 255 and "/" not in name for name in names)


@given(paths=st.lists(PATHS, min_size=2, max_size=30, unique=True))
def test_a_name_is_never_given_to_another_source_when_images_are_added(paths):
    fewer = dict(zip(name_all(paths[:-1]), paths[:-1], strict=True))
    more = dict(zip(name_all(paths), paths, strict=True))
    for name in fewer.keys() & more.keys():
        assert fewer[name] == more[name]


def test_names_keep_class_and_stem_where_nothing_is_ambiguous():
    assert name_all(["nevus/2019/img 7.jpg", "nevus/img8.jpg"]) == ["nevus__img 7", "nevus__img8"]


@pytest.mark.parametrize(
    "pair",
    [
        ("c/cat.jpg", "c/cat.png"),
        ("c/1/cat.jpg", "c/2/cat.jpg"),
        ("c/Cat.jpg", "c/cat.jpg"),
        ("c/\u00e9.jpg", "c/e\u0301.jpg"),
        ("c__d/e.jpg", "c/d__e.jpg"),
    ],
)
def test_sources_that_would_share_a_name_get_a_digest_each(pair):
    first, second = name_all([*pair, "c/other.jpg"])[:2]
    assert first[-11:] != second[-11:]
    assert re.search("-[0-9a-f]{10}$", first)
    assert re.search("-[0-9a-f]{10}$", second)


def test_a_file_called_like_a_copy_is_not_taken_for_one():
    plain, lookalike = name_all(["c/a.jpg", "c/a__aug0001.jpg"])
    assert name_file(plain, 1, ".jpg") == "c__a__aug0001.jpg"
    assert name_file(lookalike, 0, ".jpg") != name_file(plain, 1, ".jpg")


def test_bytes_that_are_no_unicode_become_legal_names():
    assert name_all(["c/\udcffx.jpg"])[0].startswith("c___x-")


@pytest.mark.parametrize(
    ("path", "image_format", "expected"),
    [
        (b"a.JPEG", "keep", ".JPEG"),
        (b"a.bmp", "keep", ".png"),
        (b"a.tif", "keep", ".png"),
        (b"a.webp", "keep", ".png"),
        (b"a.png", "jpeg", ".jpg"),
        (b"a.Jpg", "jpeg", ".Jpg"),
        (b"a.jpg", "png", ".png"),
    ],
)
def test_the_extension_says_the_format(path, image_format, expected):
    assert choose_extension(path, image_format) == expected


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "/root", "a/../b", "a/", ".hidden", "__MACOSX", "a\0b"]
)
def test_class_names_that_are_no_folder_are_refused(name):
    with pytest.raises(ValueError, match="class names must be names of folders"):
        check_class_name(name)


@pytest.mark.parametrize("name", ["x" * 256, "\u20ac" * 86, "\udcff", "Metadata.CSV"])
def test_class_names_that_are_too_long_or_taken_or_no_unicode_are_refused(name):
    with pytest.raises(ValueError, match="class names must be names of folders"):
        check_class_name(name)


def test_a_merged_class_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match="merge must give classes that are strings"):
        check_class_name(1)
