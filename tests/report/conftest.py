"""A folder with everything that a report tells of, and a browser to open it with."""

import importlib.util
import shutil
from pathlib import Path

import cv2
import pytest

from sklmerge import write_report
from sklmerge.datasets import write_textures
from sklmerge.images import decode_image, encode_image

MERGE = {"ground": ["grass", "gravel"]}
EVIL = "<script>alert(1)&'\u202egnp"


def load_browser():
    path = Path(__file__).with_name("browser.py")
    spec = importlib.util.spec_from_file_location("browser", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Textures with a bad file, equal files, near duplicates, and names that are no friends."""
    folder = tmp_path_factory.mktemp("report") / "photos"
    write_textures(folder)
    first, second = sorted((folder / "brick").iterdir())[:2]
    shutil.copy(first, folder / "grass" / f"{EVIL}.png")
    large = cv2.resize(decode_image(second.read_bytes(), color_mode="rgb"), None, fx=3, fy=3)
    (folder / "brick" / "near.jpg").write_bytes(encode_image(large, "jpeg"))
    (folder / "grass" / "bad.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="session")
def page(photos):
    path = photos.parent / "report.html"
    return path, write_report(photos, path, merge=MERGE)


@pytest.fixture(scope="session")
def browser():
    module = load_browser()
    executable = module.find_chromium()
    if executable is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    opened = module.Browser(executable)
    yield opened
    opened.close()
