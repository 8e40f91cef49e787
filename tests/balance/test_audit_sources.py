"""What was made from one source is told apart from what only has the same names."""

import shutil

import pytest

from sklmerge import ImageIndex, audit_split, balance_folder
from sklmerge.datasets import load_textures
from sklmerge.images import encode_image


@pytest.fixture
def write_photos(tmp_path):
    """Write eight photographs of each of two classes, numbered from 0; `start` chooses which."""
    data = load_textures()

    def write(folder, start):
        for label in ("brick", "grass"):
            (tmp_path / folder / label).mkdir(parents=True)
            for number, image in enumerate(data.images[data.target == label][start : start + 8]):
                path = tmp_path / folder / label / f"{number}.png"
                path.write_bytes(encode_image(image, "png"))
        return tmp_path / folder

    return write


@pytest.fixture
def balanced(write_photos, tmp_path):
    balance_folder(write_photos("photos", 0), tmp_path / "balanced", split=None, augmenter=None)
    return tmp_path / "balanced" / "train"


def test_unrelated_sets_with_the_same_names_share_no_source(write_photos, balanced, tmp_path):
    other = write_photos("other", 20)
    assert audit_split(balanced, other).same_source == []
    assert audit_split(other, balanced).same_source == []
    balance_folder(other, tmp_path / "other balanced", split=None)
    assert audit_split(balanced, tmp_path / "other balanced" / "train").same_source == []


def test_a_set_and_its_source_share_all(balanced, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "photos", target_is_directory=True)
    for source in (tmp_path / "photos", tmp_path / "link"):
        pairs = audit_split(balanced, source).same_source
        assert [val for _, val in pairs] == [
            f"{label}/{number}.png" for label in ("brick", "grass") for number in range(8)
        ]


def test_two_sets_of_one_source_share_all(balanced, tmp_path):
    balance_folder(tmp_path / "photos", tmp_path / "again", split=None, image_size=(20, 30))
    assert len(audit_split(balanced, tmp_path / "again" / "train").same_source) == 16


def test_sets_that_lost_their_plans_are_of_one_source_if_they_look_so(
    write_photos, balanced, tmp_path
):
    other = write_photos("other", 20)
    for source, name in ((other, "unrelated"), (tmp_path / "photos", "resized")):
        balance_folder(source, tmp_path / name, split=None, augmenter="light", image_size=(40, 60))
        (tmp_path / name / "plan.json").unlink()
    (balanced.parent / "plan.json").unlink()
    assert audit_split(balanced, tmp_path / "unrelated" / "train").same_source == []
    assert audit_split(other, balanced).same_source == []
    assert len(audit_split(balanced, tmp_path / "resized" / "train").same_source) == 16
    assert len(audit_split(tmp_path / "photos", balanced).same_source) == 16


@pytest.mark.parametrize(
    "content",
    [b"", b"no (image); pass 'it' on", b"\x89PNG\r\n\x1a\n"],
    ids=["empty", "text", "cut"],
)
def test_the_reason_is_that_of_verify(write_photos, tmp_path, content):
    folder = write_photos("photos", 0)
    bad = folder / "grass" / "a' (b); pass c.png"
    bad.write_bytes(content)
    reason = ImageIndex(folder).verify().bad_files[f"grass/{bad.name}"]
    shutil.copytree(folder, tmp_path / "copy")
    assert audit_split(folder, tmp_path / "copy").unreadable == {
        str(bad): reason,
        str(tmp_path / "copy" / "grass" / bad.name): reason,
    }
