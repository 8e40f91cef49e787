"""One setting for all doors: set for good, for a while, or by the environment; also in workers."""

import subprocess
import sys

import joblib
import numpy as np
import pytest

import sklmerge
from sklmerge import ImageIndex, config_context, get_config, set_config
from sklmerge.images import encode_image


@pytest.fixture
def folder(make_folder):
    for name in ("a/1.png", "b/2.png"):
        make_folder([name], encode_image(np.zeros((6, 9), np.uint8), "png"))
    return make_folder([])


def test_a_context_holds_inside_and_is_undone(folder):
    before = get_config()
    with config_context(max_pixels=53):
        assert get_config() == {"max_pixels": 53}
        with config_context(max_pixels=None), config_context():
            assert get_config() == {"max_pixels": None}
        with pytest.raises(ValueError, match="6 x 9 pixels are more than max_pixels=53"):
            ImageIndex(folder).read()
    assert get_config() == before


def test_what_is_set_holds_until_it_is_set_again(monkeypatch, folder):
    monkeypatch.setattr(sklmerge._config, "_settings", {})
    set_config(max_pixels=53)
    assert len(ImageIndex(folder).verify().bad_files) == 2
    set_config()
    assert get_config() == {"max_pixels": 53}
    set_config(max_pixels=54)
    assert ImageIndex(folder).verify().bad_files == {}


def test_what_is_set_inside_a_context_ends_with_it(monkeypatch):
    monkeypatch.setattr(sklmerge._config, "_settings", {})
    with config_context(max_pixels=53):
        set_config(max_pixels=54)
        assert get_config() == {"max_pixels": 54}
        with config_context():
            set_config(max_pixels=55)
        assert get_config() == {"max_pixels": 54}
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "599")
    assert get_config() == {"max_pixels": 599}


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_keep_the_setting_of_whoever_asks(backend, folder):
    index = ImageIndex(folder)
    with joblib.parallel_config(backend, n_jobs=2), config_context(max_pixels=53):
        assert len(index.verify(n_jobs=2).bad_files) == 2
    with joblib.parallel_config(backend, n_jobs=2):
        assert index.verify(n_jobs=2).bad_files == {}


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_limit_below_one_is_refused(wrong):
    with pytest.raises(ValueError, match="max_pixels must be a whole number of at least 1, got"):
        set_config(max_pixels=wrong)


@pytest.mark.parametrize("wrong", [1.5, "many", True])
def test_a_limit_that_is_no_whole_number_is_refused(wrong):
    with (
        pytest.raises(TypeError, match="max_pixels must be a whole number of at least 1, got"),
        config_context(max_pixels=wrong),
    ):
        pass


@pytest.mark.parametrize(("text", "expected"), [("", 200_000_000), ("53", 53), ("None", None)])
def test_the_environment_sets_it_first(text, expected, monkeypatch):
    monkeypatch.setattr(sklmerge._config, "_settings", {})
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", text)
    assert get_config() == {"max_pixels": expected}


def test_a_wrong_environment_is_named(monkeypatch):
    monkeypatch.setattr(sklmerge._config, "_settings", {})
    monkeypatch.setenv("SKLMERGE_MAX_PIXELS", "1e9")
    with pytest.raises(ValueError, match="SKLMERGE_MAX_PIXELS must be a whole number of at least"):
        get_config()


@pytest.mark.parametrize("module", ["", "__version__ = '4.10.0'\n"])
def test_a_broken_or_older_opencv_ends_in_an_import_error_that_names_it(module, tmp_path):
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(module)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    for code in ("from sklmerge import ImageAugmenter", "import sklmerge; sklmerge.ImageIndex"):
        done = subprocess.run(
            [sys.executable, "-c", program + code], capture_output=True, text=True
        )
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("ImportError: sklmerge")
        assert "OpenCV 5 or later" in last
        assert "pip install --force-reinstall" in last
    fine = program + "from sklmerge import LabelMerger"
    subprocess.run([sys.executable, "-c", fine], check=True)
