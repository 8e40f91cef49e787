"""balance_folder refuses what it cannot do before it writes anything."""

import numpy as np
import pytest

from sklmerge import ImageAugmenter, LabelMerger, balance_folder


@pytest.fixture
def source(write_classes):
    return write_classes({"A": 3, "B": 5})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"random_state": None}, "random_state must be a whole number"),
        ({"random_state": -1}, "random_state must be a whole number"),
        ({"random_state": np.random.RandomState(0)}, "random_state must be a whole number"),
        (
            {"place": "move"},
            "place must be 'copy', 'hardlink', 'symlink' or 'ref.*got 'move'",
        ),
        ({"place": "reference", "image_size": (8, 9)}, "so image_size cannot be given"),
        ({"place": "reference", "image_format": "png"}, "so image_format cannot be given"),
        ({"image_format": "gif"}, "image_format must be 'keep', 'jpeg' or 'png', got 'gif'"),
        ({"on_error": "log"}, "on_error must be 'raise', 'skip' or 'warn', got 'log'"),
        ({"image_size": 224}, r"image_size must be \(height, width\)"),
        ({"image_size": (0, 5)}, r"image_size must be \(height, width\)"),
        ({"quality": 101}, "quality must be a whole number from 1 to 100, got 101"),
        ({"n_jobs": 0}, "n_jobs must be a whole number other than 0 .* or None, got 0"),
        ({"folds": 1}, "folds must be a whole number of at least 2, got 1"),
        ({"folds": 2, "split": (0.5, 0.5)}, "folds=2 divides by itself, so split cannot be given"),
        ({"folds": 4}, "folds must be at most the images of the smallest class, got 4, but 'A'"),
        ({"split": {"val": 9}}, "split asks for 9 images of each class, but 'A' has 3"),
        ({"split": {"dev": 0.1}}, "split must map 'train', 'val' or 'test'"),
        ({"split": {"train": 2, "val": 1}}, "leave the rest to train or val"),
        ({"split": {"val": True}}, "split must map"),
        ({"drop": "blurred"}, "drop must list some of 'unreadable', 'duplicates', .*'blurred'"),
        ({"drop": ["leaks"]}, "drop='leaks' is for a source that is divided"),
        ({"max_copies": -1}, "max_copies must be a whole number"),
        ({"split": (0.5, 0.6)}, "split must be up to three shares"),
        ({"samples_per_class": 0}, "samples_per_class must be"),
        ({"samples_per_class": {"D": 3}}, "classes that are not in the source: 'D'"),
        ({"samples_per_class": np.array([3, 4])}, "samples_per_class must be .minority."),
        ({"split": np.array([[0.8, 0.2]])}, "split must be up to three shares"),
        ({"place": np.array(["copy", "copy"])}, "place must be 'copy', 'hardlink'"),
        ({"merge": {"AD": ["A", "D"]}}, "'D'"),
        (
            {"merge": LabelMerger({"AD": ["A", "D"]}, missing="ignore")},
            r"merge must name classes that are there, got \['D'\]; there are \['A', 'B'\]",
        ),
        ({"merge": {"AB": ["A", "B"]}}, "merge must leave at least two classes, got one: 'AB'"),
        ({"merge": {"../up": ["A"]}}, r"class names must be names of folders.*got '\.\./up'"),
        ({"merge": {"/up": ["A"]}}, "class names must be names of folders"),
        (
            {"group_by": "([a-z"},
            "group_by must be 'content', 'similar', a column of a tab",
        ),
        ({"group_by": "smear"}, r"group_by gives no group for 'A/00\.jpg'"),
        ({"augmenter": "heavy"}, "must be one of"),
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_is_written(source, tmp_path, parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        balance_folder(source, tmp_path / "out", **parameters)
    assert not (tmp_path / "out").exists()


def test_sizes_and_shares_may_be_arrays(source, tmp_path, hash_tree):
    arrays = {"image_size": np.array([12, 20]), "split": np.array([0.8, 0.2])}
    balance_folder(source, tmp_path / "arrays", **arrays)
    balance_folder(source, tmp_path / "tuples", image_size=(12, 20), split=(0.8, 0.2))
    assert hash_tree(tmp_path / "arrays") == hash_tree(tmp_path / "tuples")


@pytest.mark.parametrize(
    "parameters",
    [
        {"group_by": 3},
        {"augmenter": 3},
        {"merge": 3},
        {"n_jobs": "a"},
        {"n_jobs": 1.5},
        {"quality": True},
        {"resplit": "no"},
        {"force": 1},
        {"folds": 2.0},
    ],
)
def test_a_parameter_of_the_wrong_kind_is_a_type_error(source, tmp_path, parameters):
    with pytest.raises(TypeError, match=next(iter(parameters))):
        balance_folder(source, tmp_path / "out", **parameters)


@pytest.mark.parametrize("destination", ["source", "source/out", "source/A", "."])
def test_source_and_destination_must_lie_apart(source, tmp_path, destination):
    with pytest.raises(ValueError, match="destination and source must lie apart"):
        balance_folder(source, tmp_path / destination)


def test_a_link_does_not_hide_that_the_destination_is_in_the_source(source, tmp_path):
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(ValueError, match="destination and source must lie apart"):
        balance_folder(source, tmp_path / "link/out")


def test_a_folder_with_files_is_refused_and_left_alone(source, tmp_path, hash_tree):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match="must be new, empty or the work of an earlier run"):
        balance_folder(source, tmp_path / "out")
    assert list(hash_tree(tmp_path / "out")) == ["thesis.txt"]


@pytest.mark.parametrize("content", ["{", "[]", '{"plan": "B"}'])
def test_a_foreign_plan_is_refused(source, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/plan.json").write_text(content)
    with pytest.raises(ValueError, match=r"plan\.json"):
        balance_folder(source, tmp_path / "out")


def test_a_file_as_destination_is_refused(source, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ValueError, match="destination must be a folder, got the file"):
        balance_folder(source, tmp_path / "out")


def test_an_empty_destination_is_taken(source, tmp_path):
    (tmp_path / "out").mkdir()
    assert balance_folder(source, tmp_path / "out").n_files == 10


def test_a_missing_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="source must be an existing folder"):
        balance_folder(tmp_path / "nowhere", tmp_path / "out")


def test_a_single_class_is_refused(write_classes, tmp_path):
    with pytest.raises(ValueError, match="at least two folders with images, got one: 'A'"):
        balance_folder(write_classes({"A": 3}), tmp_path / "out")


def test_an_empty_class_folder_is_refused(source, tmp_path):
    (source / "E").mkdir()
    with pytest.raises(ValueError, match="'E'"):
        balance_folder(source, tmp_path / "out")


def test_hidden_folders_are_no_classes(source, tmp_path):
    (source / ".ipynb_checkpoints").mkdir()
    assert balance_folder(source, tmp_path / "out").original_counts == {"A": 3, "B": 5}


def test_a_class_without_an_image_for_train_is_refused(write_classes, tmp_path):
    source = write_classes({"train/A": 2, "train/B": 2, "val/A": 1, "val/C": 1})
    with pytest.raises(ValueError, match="no image for train of class 'C'"):
        balance_folder(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_part_given_twice_is_refused(write_classes, tmp_path):
    source = write_classes({"train/A": 2, "train/B": 2, "val/A": 1, "valid/A": 1})
    with pytest.raises(ValueError, match="source must hold each part once"):
        balance_folder(source, tmp_path / "out")


def test_an_augmenter_that_changes_nothing_warns(source, tmp_path):
    with pytest.warns(UserWarning, match="augmenter changes nothing"):
        balance_folder(source, tmp_path / "out", augmenter=ImageAugmenter())


def test_a_source_without_class_folders_is_told_once_what_it_lacks(tmp_path):
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "1.png").touch()
    with pytest.raises(ValueError, match=r"^source must hold a folder for each class, but in"):
        balance_folder(tmp_path / "flat", tmp_path / "out")
