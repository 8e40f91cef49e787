"""The map of the package names rooms and files that there are, each room once."""

import re
from pathlib import Path

import sklmerge

ROOT = Path(__file__).parents[2]
PACKAGE = Path(sklmerge.__file__).parent
PAGE = (ROOT / "docs" / "design.md").read_text()


def test_every_file_that_is_named_is_there():
    named = re.findall(r"`((?:[a-z_]+/)*_[a-z_]+\.py)`", PAGE)
    assert len(named) > 20
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_every_room_stands_in_the_table_once():
    rooms = re.findall(r"^\| \d? ?\| `([a-z/]+)` \|", PAGE, re.MULTILINE)
    folders = [path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py")]
    assert sorted(rooms) == sorted(set(folders) - {"."})


def test_floors_are_those_that_the_imports_keep():
    text = (ROOT / "tests" / "house" / "test_floors.py").read_text()
    floors = dict(re.findall(r'^    "([a-z]+)": (\d),$', text, re.MULTILINE))
    stated = re.findall(r"^\| (\d) \| `([a-z]+)` \|", PAGE, re.MULTILINE)
    assert {room: floor for floor, room in stated} == floors
