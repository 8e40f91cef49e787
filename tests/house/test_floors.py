"""The house stands as designed: imports go down, rooms are entered by their doors, little loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import sklmerge

PACKAGE = Path(sklmerge.__file__).parent
FLOORS = {
    "_checks": 0,
    "_config": 0,
    "_random": 0,
    "_parallel": 0,
    "_did_you_mean": 0,
    "_kinds": 0,
    "_codes": 0,
    "_tensors": 0,
    "_containers": 0,
    "_dataset_labels": 0,
    "_contract": 0,
    "_resize": 0,
    "_image_grid": 0,
    "labels": 1,
    "augment": 1,
    "weights": 2,
    "images": 2,
    "sampling": 2,
    "features": 3,
    "datasets": 3,
    "feed": 3,
    "balance": 3,
    "plot": 4,
    "report": 5,
    "cli": 6,
}
# Shells of a framework, which a room's door must not load.
SHELLS = {"sklmerge.feed.keras", "sklmerge.feed.tensorflow", "sklmerge.feed.torch"}
FRAMEWORKS = (
    "albumentations",
    "dask",
    "distributed",
    "fsspec",
    "keras",
    "matplotlib",
    "pandas",
    "polars",
    "ray",
    "rich",
    "tensorflow",
    "torch",
    "typer",
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def list_imports(path):
    """List every module that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from ((node.module, alias.name) for alias in node.names)


def find_floor(module):
    return FLOORS[module.split(".")[1]]


def find_room(module):
    """Name the innermost folder of a module, which is entered by its `__init__` alone."""
    return module.rpartition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path):
    if path == PACKAGE / "__init__.py":
        return
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for module, imported in list_imports(path):
        if module == "sklmerge" and imported != "__version__":
            module = getattr(sklmerge, imported).__module__
        elif not module.startswith("sklmerge."):
            continue
        if module.split(".")[1] != name.split(".")[1]:
            below = find_floor(module) < find_floor(name) or find_floor(module) == 0
            assert below, f"{name} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_are_entered_by_their_doors(path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for module, _ in list_imports(path):
        if not module.startswith("sklmerge.") or module in SHELLS:
            continue
        # What is private below a folder is for the files of that folder.
        if module.rpartition(".")[2].startswith("_"):
            assert find_room(module) in (find_room(name), "sklmerge"), f"{name} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_private_of_another_library_is_imported(path):
    for module, imported in list_imports(path):
        if module.split(".")[0] == "sklmerge" or module == "__future__":
            continue
        names = [*module.split("."), *([imported] if imported else [])]
        assert not any(name.startswith("_") for name in names), f"{module}.{imported}"


def test_importing_the_package_loads_no_framework_of_its_own_accord():
    def list_loaded(imports):
        code = (
            f"import sys, {imports}\nprint([name for name in {FRAMEWORKS} if name in sys.modules])"
        )
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert list_loaded("sklmerge") == "[]\n"
    rooms = ", ".join(f"sklmerge.{room}" for room in FLOORS if room != "cli")
    assert list_loaded(rooms) == list_loaded("cv2, imblearn, skimage, sklearn")


def test_every_public_name_is_loaded_when_it_is_needed_and_no_room_hides_a_variable():
    command = "from sklmerge import *; print(sorted(name for name in dir() if name[:2] != '__'))"
    command = [sys.executable, "-c", command]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ast.literal_eval(shown) == sorted(sklmerge.__all__)
    command = "import sklmerge; sklmerge.datasets.load_textures; sklmerge.balance.advise"
    subprocess.run([sys.executable, "-c", command], check=True)


def test_threads_that_need_names_at_the_same_time_get_them():
    command = """
import random, threading, sklmerge
names, together, got = sorted(sklmerge.__all__), threading.Barrier(4), []
random.Random(8).shuffle(names)
def load(first):
    together.wait()
    got.extend(getattr(sklmerge, name) for name in names[first::4])
threads = [threading.Thread(target=load, args=(first,)) for first in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(got) == len(names))
"""
    shown = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert (shown.stdout, shown.stderr) == ("True\n", "")


def test_a_type_checker_sees_the_names_that_there_are():
    body = ast.parse((PACKAGE / "__init__.pyi").read_text()).body
    (listed,) = (node.value for node in body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed) == sklmerge.__all__


def test_no_public_name_is_forgotten():
    assert sklmerge.__all__ == sorted(set(sklmerge.__all__), key=_sort_as_ruff)
    for name in sklmerge.__all__:
        assert getattr(sklmerge, name).__doc__


def _sort_as_ruff(name):
    return (not name[0].isupper(), name)


def test_inspecting_a_folder_does_not_wait_for_the_imports_of_other_commands(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("RGB", (9, 7), label == "cat" and "red").save(tmp_path / label / "1.png")
    unneeded = ("imblearn", "sklearn.model_selection", "sklearn.metrics", "scipy.cluster")
    code = (
        f"import sys\nfrom sklmerge import inspect_folder\ninspect_folder({str(tmp_path)!r})\n"
        f"print([name for name in {unneeded} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
