"""What is printed to paste runs, and does what was looked at."""

import shlex
import shutil

import pytest

from sklmerge import (
    ImageIndex,
    LabelMerger,
    inspect_folder,
    preview_folder,
    suggest_folder,
    write_report,
)
from sklmerge.cli import main
from sklmerge.datasets import write_textures
from sklmerge.images import decode_image, encode_image

GROUND = {"ground": ["grass", "gravel"]}
MERGES = [
    GROUND,
    [["grass", "gravel"]],
    LabelMerger(GROUND),
    LabelMerger([["grass", "gravel"]]),
    {"stone": ["brick"]},
]


@pytest.fixture
def textures(tmp_path):
    write_textures(tmp_path / "photos")
    return tmp_path / "photos"


def run_code(code, **names):
    """Run lines as a program; give its variables."""
    exec("\n".join(code), names)
    return names


@pytest.mark.parametrize("merge", MERGES, ids=repr)
@pytest.mark.parametrize("as_index", [False, True], ids=["folder", "index"])
def test_any_merge_is_told_so_that_it_gives_the_same_classes(
    textures, monkeypatch, tmp_path, merge, as_index
):
    monkeypatch.chdir(tmp_path)
    index = ImageIndex(textures)
    found = inspect_folder(index if as_index else textures, merge=merge)
    expected = ImageIndex(textures, merge=merge).counts
    assert found.counts == expected
    assert found.code
    for line in found.code:
        if line.startswith("index = "):
            names = run_code([line], index=index, ImageIndex=ImageIndex)
            assert names["index"].counts == expected
    for command in found.commands:
        monkeypatch.setattr("sys.argv", shlex.split(command))
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0
    assert bool(found.commands) == (not as_index)


def test_what_is_there_twice_is_kept_together(textures):
    assert "--group-by" not in inspect_folder(textures).commands[0]
    first = next((textures / "grass").iterdir()).read_bytes()
    for name, content, group_by in (
        ("again.png", first, "content"),
        ("again.bmp", encode_image(decode_image(first), "bmp"), "similar"),
    ):
        (textures / "grass" / name).write_bytes(content)
        assert f" --group-by {group_by} " in inspect_folder(textures).commands[0]


@pytest.fixture
def divided(tmp_path, monkeypatch):
    """Textures in train and val of `photos`, so few of gravel in train that copies are advised."""
    home = tmp_path / "photos"
    write_textures(home / "train")
    for name in ("brick", "grass", "gravel"):
        (home / "val" / name).mkdir(parents=True)
        for file in sorted((home / "train" / name).iterdir())[:2]:
            file.rename(home / "val" / name / file.name)
    twice = sorted((home / "train" / "gravel").iterdir())[0]
    (twice.parent / "again.png").write_bytes(twice.read_bytes())
    for number, file in enumerate(sorted(twice.parent.iterdir())):
        if number > 17:
            file.unlink()
    monkeypatch.chdir(tmp_path)
    return home


def test_a_divided_folder_is_balanced_with_all_its_parts(divided, tmp_path, monkeypatch):
    found = write_report("photos").inspection
    assert found.remedy == "copies and weights"
    assert found.commands[0].startswith("sklmerge balance photos photos-balanced --max-copies")
    assert found.commands[1] == "sklmerge weights photos-balanced/train"
    assert any("in another part with drop='leaks'" in reason for reason in found.reasons)
    assert not any("cannot be read" in reason for reason in found.reasons)
    for command in found.commands:
        monkeypatch.setattr("sys.argv", shlex.split(command))
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0
    made = tmp_path / "photos-balanced"
    assert ImageIndex(made / "val").counts == {"brick": 2, "grass": 2, "gravel": 2}
    assert ImageIndex(made / "train").counts["brick"] == 158
    assert ImageIndex(made / "train").counts["gravel"] == 18 * 4
    shutil.rmtree(made)
    run_code(found.code)
    assert ImageIndex(made / "val").counts == {"brick": 2, "grass": 2, "gravel": 2}


def test_files_of_another_part_that_cannot_be_read_do_not_stop_the_job(
    divided, tmp_path, monkeypatch
):
    torn = sorted((divided / "val" / "grass").iterdir())[0]
    torn.write_bytes(torn.read_bytes()[:-40])
    found = write_report("photos").inspection
    assert found.bad_files == {}
    assert any("cannot be read: 1 in val;" in reason for reason in found.reasons)
    monkeypatch.setattr("sys.argv", shlex.split(found.commands[0]))
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    made = tmp_path / "photos-balanced"
    assert ImageIndex(made / "val").counts == {"brick": 2, "grass": 1, "gravel": 2}
    shutil.rmtree(made)
    run_code(found.code)
    assert ImageIndex(made / "val").counts == {"brick": 2, "grass": 1, "gravel": 2}


def test_an_index_is_told_as_it_is(textures, tmp_path):
    """Its classes, exclusions and merge are in no command, so there is none."""
    index = ImageIndex(textures, exclude="_1", merge=[["grass", "gravel"]])
    for found in (inspect_folder(index), write_report(index).inspection):
        assert found.commands == []
        assert str(textures) not in "\n".join(found.code).replace(f"{textures}-balanced", "")
        run_code(found.code, index=index, features=None)


def test_a_suggestion_joins_the_merge_of_an_index(tmp_path):
    write_textures(tmp_path / "photos")
    index = ImageIndex(tmp_path / "photos", merge=[["grass", "gravel"]])
    found = suggest_folder(index, n_classes=1, max_images=30)
    assert found.commands == []
    merged = run_code(found.code, index=index)["index"]
    assert merged.n_classes == 1
    assert set(merged.original_classes) == {"brick", "grass", "gravel"}


@pytest.mark.parametrize("merge", MERGES[:4], ids=repr)
def test_a_suggestion_takes_any_merge(textures, merge):
    assert suggest_folder(textures, merge=merge, n_classes=1, max_images=30).commands


@pytest.mark.parametrize("look", [inspect_folder, write_report, suggest_folder, preview_folder])
def test_a_merge_that_contradicts_that_of_an_index_is_refused(textures, look):
    index = ImageIndex(textures, merge={"ground": ["grass", "gravel"]})
    with pytest.raises(ValueError, match=f"the ImageIndex and another in {look.__name__}.*'brick'"):
        look(index, merge={"mineral": ["brick", "gravel"]})


def test_equal_files_that_cannot_be_read_have_no_labels_to_correct(tmp_path):
    write_textures(tmp_path / "photos")
    for label in ("grass", "gravel"):
        (tmp_path / "photos" / label / "empty.png").write_bytes(b"")
    found = inspect_folder(tmp_path / "photos")
    assert len(found.bad_files) == 2
    assert found.conflicts == []
    assert not any("different labels" in reason for reason in found.reasons)
