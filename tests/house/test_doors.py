"""The same parameter fails with the same sentence at every door that takes it."""

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

import sklmerge
from sklmerge import (
    augment,
    balance,
    datasets,
    features,
    feed,
    images,
    labels,
    plot,
    report,
    sampling,
    weights,
)

ROOMS = (
    *(sklmerge, augment, balance, datasets, features, feed, images, labels, plot, sampling),
    *(report, weights),
)
# Of each parameter that several doors take, values that are wrong at all of them.
WRONG = {
    "augmenter": ["lite", 5],
    "batch_size": [0, -3, 2.5, "8", True],
    "class_mode": ["one-hot", None],
    "color_mode": ["bgr", 3],
    "by": ["looks", 3],
    "cval": ["a", None],
    "epoch": [-1, 2.5, "0", True],
    "extensions": [".png", ["png"], 3, []],
    "exclude": ["(", 3],
    "fill_mode": ["edge", 1],
    "folds": [1, 2.5, "5", True],
    "force": ["yes", 2],
    "group_by": [3, "(", {}],
    "image_shape": ["small", (0, 4), (4,), (4, 4, 2)],
    "image_size": [5, (True, 5), (0, 5), "ab", (1, 2, 3)],
    "interpolation": ["bicubic", 3],
    "levels": ["deep", 3],
    "max_copies": [-1, 2.5, "3", True],
    "mean": ["a", [1, 2]],
    "merge": [{"x": ["a"], "y": ["a"]}, {"x": []}, 5, "ab"],
    "n_bins": [0, 2.5, "8", True],
    "missing": ["skip", None],
    "n_classes": [0, 5, 2.5, True],
    "n_images": [0, 2.5, "8", True],
    "n_jobs": [0, 1.5, "two", True],
    "n_sources": [0, 2.5, "2", True],
    "num_workers": [-1, 2.5, "2", True],
    "on_error": ["ignore", None, True],
    "progress": ["yes", 3],
    "quality": [0, 101, 2.5, "90", True],
    "random_state": ["a", -1, 2.5],
    "rank": [-1, 2.5, "0", True],
    "reader": [3, "png"],
    "samples_per_class": ["most", -1, 2.5, True],
    "scaler": [5],
    "std": ["a", [0, 0, 0], [1, 2]],
    "storage_options": [3, "a"],
    "strength": [-1, "a", None, True],
    "threshold": [2, -1, "a"],
    "value_range": [(1, 0), 255, "ab"],
    "within_merged": ["equal", None],
    "world_size": [0, 2.5, "2", True],
}
# What else several doors take, and why one wrong value for all of them would say nothing.
NOT_TRIED = {
    "P X captions counts data dicts estimator estimators images indices keys label labels n "
    "out params path rows sample_weight source y y_pred y_true": "data, checked against other data",
    "ax": "matplotlib's own",
    "budget_bytes": "None at one door is the room on the disk",
    "classes": "names of folders at some doors, labels at others",
    "destination place": "other choices where there are no originals to refer to",
    "device dtype": "torch's own at one door",
    "framework": "other frameworks fit than feed",
    "groups": "data, checked against other data",
    "image_format": "a folder may keep formats, one image may not",
    "max_pixels": "its two doors are the same function",
    "model": "a network at some doors, the kind of model at others",
    "n_copies": "a picture may show sources alone",
    "n_epochs": "nothing is covered after no epoch, but that is no picture",
    "normalize": "weights are normalised in several ways, a matrix or not",
    "number": "the number of a batch, or of a class of batches",
    "output": "a layer or a level",
    "train_prior target_prior": "arrays alone, or whatever an estimator can look up",
}
X = np.random.default_rng(0).integers(0, 256, (12, 16, 24, 3), dtype=np.uint8)
Y = np.array(["a"] * 6 + ["b"] * 6)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number, (image, label) in enumerate(zip(X, Y, strict=True)):
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / label / f"{number}.png")
    return folder


def list_rows():
    return X.reshape(len(X), -1)


def apply_augmenter(augmenter, scaler, **options):
    return augmenter.apply(X, augmenter.draw_params(len(X), 0, **options), scaler=scaler)


# What to do at each door, with the photographs' folder, so that all parameters are looked at.
DOORS = {
    "AugmentationDisplay.from_estimator": lambda photos, **options: (
        sklmerge.AugmentationDisplay.from_estimator(
            "light", list_rows() if "image_shape" in options else X, Y, **options
        )
    ),
    "AugmentingOverSampler": lambda photos, **options: sklmerge.AugmentingOverSampler(
        **options
    ).fit_resample(list_rows() if "image_shape" in options else X, Y),
    "BalancingSampler": lambda photos, **options: sklmerge.BalancingSampler(**options).fit_resample(
        list_rows() if "image_shape" in options else X, Y
    ),
    "CallableAugmenter": lambda photos, **options: augment.CallableAugmenter(
        lambda image, rng: image, **options
    ).augment(list_rows() if "image_shape" in options else X),
    "CallableAugmenter.draw_params": lambda photos, **options: augment.CallableAugmenter(
        lambda image, rng: image
    ).draw_params(3, **options),
    "ClassAugmenter": lambda photos, **options: augment.ClassAugmenter(
        {"a": sklmerge.ImageAugmenter(rotation_range=9), "b": None}, **options
    ).augment(list_rows() if "image_shape" in options else X, labels=Y),
    "ClassAugmenter.augment": lambda photos, **options: augment.ClassAugmenter(
        {"a": sklmerge.ImageAugmenter(rotation_range=9), "b": None}
    ).augment(X, labels=Y, **options),
    "ClassAugmenter.draw_params": lambda photos, **options: augment.ClassAugmenter(
        {"a": sklmerge.ImageAugmenter(rotation_range=9), "b": None}
    ).draw_params(12, labels=Y, **options),
    "ClassBalanceDisplay.from_labels": lambda photos, **options: (
        sklmerge.ClassBalanceDisplay.from_labels(Y, **options)
    ),
    "ColorHistogram": lambda photos, **options: sklmerge.ColorHistogram(**options).fit_transform(
        list_rows() if "image_shape" in options else X
    ),
    "ConfusedImagesDisplay.from_estimator": lambda photos, **options: (
        sklmerge.ConfusedImagesDisplay.from_estimator(
            sklmerge.suggest_merges(Y, Y[::-1]),
            list_rows() if "image_shape" in options else X,
            Y,
            **options,
        )
    ),
    "EmbeddingFeatures": lambda photos, **options: sklmerge.EmbeddingFeatures(
        lambda batch: batch.mean(axis=(1, 2)), **options
    ).fit_transform(list(sklmerge.ImageIndex(photos).paths)),
    "EpochSchedule": lambda photos, **options: (
        sklmerge.EpochSchedule(**{"random_state": 0, **options}).fit(Y).draws(0)
    ),
    "EpochSchedule.count_batches": lambda photos, **options: (
        sklmerge.EpochSchedule(random_state=0).fit(Y).count_batches(**{"batch_size": 4, **options})
    ),
    "EpochSchedule.plan_batches": lambda photos, **options: (
        sklmerge.EpochSchedule(random_state=0)
        .fit(Y)
        .plan_batches(**{"epoch": 0, "batch_size": 4, **options})
    ),
    "HOGFeatures": lambda photos, **options: sklmerge.HOGFeatures(
        pixels_per_cell=(4, 4), **options
    ).fit_transform(list_rows() if "image_shape" in options else X),
    "ImageAugmenter": lambda photos, **options: sklmerge.ImageAugmenter(
        rotation_range=9, **options
    ).augment(list_rows() if "image_shape" in options else X),
    "ImageAugmenter.draw_params": lambda photos, **options: sklmerge.ImageAugmenter(
        rotation_range=9
    ).draw_params(3, **options),
    "ImageBatches": lambda photos, **options: feed.ImageBatches(
        sklmerge.ImageIndex(photos), **options
    )[0],
    "ImageBatches.show": lambda photos, **options: sklmerge.ImageBatches(X, Y).show(**options),
    "ImageIndex": lambda photos, **options: sklmerge.ImageIndex(photos, **options).labels,
    "ImageIndex.read": lambda photos, **options: sklmerge.ImageIndex(photos).read(**options),
    "ImageIndex.split": lambda photos, **options: sklmerge.ImageIndex(photos).split(**options),
    "ImageIndex.verify": lambda photos, **options: sklmerge.ImageIndex(photos).verify(**options),
    "ImageIndex.with_merge": lambda photos, **options: (
        sklmerge.ImageIndex(photos).with_merge(**options).labels
    ),
    "ImageReader": lambda photos, **options: sklmerge.ImageReader(**options).fit_transform(
        list(sklmerge.ImageIndex(photos).paths)
    ),
    "ImageScaler": lambda photos, **options: sklmerge.ImageScaler(**options).fit_transform(
        list_rows() if "image_shape" in options else X
    ),
    "LBPFeatures": lambda photos, **options: sklmerge.LBPFeatures(**options).fit_transform(
        list_rows() if "image_shape" in options else X
    ),
    "LabelMerger": lambda photos, **options: sklmerge.LabelMerger(**options).fit(Y),
    "LabelMerger.encode": lambda photos, **options: (
        sklmerge.LabelMerger().fit(Y).encode(Y, **options)
    ),
    "MergeDisplay.from_predictions": lambda photos, **options: (
        sklmerge.MergeDisplay.from_predictions(Y, Y, **options)
    ),
    "MergedClassifier": lambda photos, **options: sklmerge.MergedClassifier(
        GaussianNB(), **options
    ).fit(list_rows(), Y),
    "ReliabilityDisplay.from_estimator": lambda photos, **options: (
        sklmerge.ReliabilityDisplay.from_estimator(
            LogisticRegression().fit(list_rows(), Y), list_rows(), Y, **options
        )
    ),
    "ReliabilityDisplay.from_predictions": lambda photos, **options: (
        sklmerge.ReliabilityDisplay.from_predictions(Y, {"x": np.full((12, 2), 0.5)}, **options)
    ),
    "TrivialAugmenter": lambda photos, **options: sklmerge.TrivialAugmenter(**options).augment(
        list_rows() if "image_shape" in options else X
    ),
    "TrivialAugmenter.draw_params": lambda photos, **options: (
        sklmerge.TrivialAugmenter().draw_params(3, **options)
    ),
    "as_augmenter": lambda photos, augmenter: sklmerge.as_augmenter(augmenter),
    "audit_split": lambda photos, **options: balance.audit_split(photos, photos, **options),
    "balance_folder": lambda photos, **options: balance.balance_folder(
        photos, photos.parent / "balanced", dry_run=True, **options
    ),
    "batches_from_directory": lambda photos, **options: sklmerge.batches_from_directory(
        photos, **options
    ),
    "batch_coverage": lambda photos, **options: sklmerge.batch_coverage({"a": 3}, **options),
    "check_merger": lambda photos, merge: labels.check_merger(merge).fit(Y),
    "classification_report_levels": lambda photos, **options: sklmerge.classification_report_levels(
        Y, Y, **options
    ),
    "decode_image": lambda photos, **options: images.decode_image(
        Path(sklmerge.ImageIndex(photos).paths[0]).read_bytes(), **options
    ),
    "encode_image": lambda photos, **options: images.encode_image(X[0], "jpeg", **options),
    "find_equal": lambda photos, **options: images.find_equal(
        sklmerge.ImageIndex(photos), **options
    ),
    "find_near": lambda photos, **options: images.find_near(sklmerge.ImageIndex(photos), **options),
    "take_fingerprints": lambda photos, **options: images.take_fingerprints(
        sklmerge.ImageIndex(photos), **options
    ),
    "find_groups": lambda photos, **options: balance.find_groups(
        sklmerge.ImageIndex(photos), **{"group_by": "content", **options}
    ),
    "inspect_folder": lambda photos, **options: sklmerge.inspect_folder(photos, **options),
    "preview_folder": lambda photos, **options: sklmerge.preview_folder(photos, **options),
    "suggest_folder": lambda photos, **options: sklmerge.suggest_folder(photos, **options),
    "write_report": lambda photos, **options: sklmerge.report.write_report(
        photos, photos.parent / "report.html", **options
    ),
    "MergeAdvisor": lambda photos, **options: sklmerge.MergeAdvisor(
        GaussianNB(), cv=2, **options
    ).fit(list_rows(), Y),
    "suggest_merges": lambda photos, **options: sklmerge.suggest_merges(Y, Y[::-1], **options),
    "PriorAdjustedClassifier": lambda photos, **options: (
        sklmerge.PriorAdjustedClassifier(GaussianNB(), **options)
        .fit(list_rows(), Y)
        .predict(list_rows())
    ),
    "adjust_prior": lambda photos, strength: sklmerge.adjust_prior(
        np.full((2, 2), 0.5), [0.3, 0.7], strength=strength
    ),
    "logit_offsets": lambda photos, strength: sklmerge.logit_offsets([3, 7], strength=strength),
    "ClassWeightEstimator": lambda photos, **options: sklmerge.ClassWeightEstimator(
        classes=["a", "b"], **options
    ).fit(Y),
    "ClassAugmenter.apply": lambda photos, scaler: apply_augmenter(
        sklmerge.as_augmenter({"a": "light", "b": None}), scaler, labels=Y
    ),
    "CallableAugmenter.apply": lambda photos, scaler: apply_augmenter(
        augment.CallableAugmenter(lambda image, rng: image), scaler
    ),
    "ImageAugmenter.apply": lambda photos, scaler: apply_augmenter(
        sklmerge.ImageAugmenter(rotation_range=9), scaler
    ),
    "TrivialAugmenter.apply": lambda photos, scaler: apply_augmenter(
        sklmerge.TrivialAugmenter(), scaler
    ),
    "EpochSchedule.draws": lambda photos, **options: (
        sklmerge.EpochSchedule(random_state=0).fit(Y).draws(**{"epoch": 0, **options})
    ),
    "ClassBalanceDisplay.from_estimator": lambda photos, **options: (
        sklmerge.ClassBalanceDisplay.from_estimator(
            sklmerge.EpochSchedule(random_state=0).fit(Y), **options
        )
    ),
    "ImageBatches.iterate": lambda photos, **options: list(
        sklmerge.ImageBatches(X, Y).iterate(**options)
    ),
    "ImageBatches.plan": lambda photos, **options: sklmerge.ImageBatches(X, Y).plan(**options),
    "ImageBatches.make_batch": lambda photos, epoch: sklmerge.ImageBatches(X, Y).make_batch(
        epoch, 0
    ),
    "ImageBatches.to_torch": lambda photos, **options: sklmerge.ImageBatches(X, Y).to_torch(
        **options
    ),
    "ImageBatches.with_rank": lambda photos, **options: sklmerge.ImageBatches(
        X, Y, schedule=sklmerge.EpochSchedule(random_state=0)
    ).with_rank(**{"rank": 0, "world_size": 1, **options}),
    "separate": lambda photos, **options: balance.separate(
        photos, photos.parent / "apart", **options
    ),
    "resolve_seed": lambda photos, random_state: augment.resolve_seed(random_state),
    "merged_scorer": lambda photos, **options: sklmerge.merged_scorer("accuracy", **options)(
        GaussianNB().fit(list_rows(), Y), list_rows(), Y
    ),
}
# Doors whose parameter of that name is another thing, or takes what others refuse.
OTHERS = {
    # True or False: whether to print it.
    ("ImageBatches", "progress"),
    ("MergeDisplay", "merge"),
    # Batches have two more class modes than a merger.
    ("LabelMerger.encode", "class_mode"),
    ("MergeSuggestion", "merge"),
    ("BalanceReport", "max_copies"),
    # A protocol does nothing.
    ("Augmenter.draw_params", "random_state"),
    # imbalanced-learn checks it first, in its own words.
    ("AugmentingOverSampler", "random_state"),
}


def list_doors():
    """List every public callable, and every method of a public class, with its parameters."""
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if not callable(thing) or is_exception(thing):
                continue
            yield name, thing
            for method_name, method in vars(thing).items() if inspect.isclass(thing) else ():
                function = getattr(method, "__func__", method)
                if inspect.isfunction(function) and not method_name.startswith("_"):
                    yield f"{name}.{method_name}", function


def is_exception(thing):
    return inspect.isclass(thing) and issubclass(thing, Exception)


def is_record(thing):
    """Tell what a user is given, and does not make, from a door."""
    if not inspect.isclass(thing):
        return False
    names = ("Display", "Suggestion", "Fingerprints", "ImagePaths")
    return (
        dataclasses.is_dataclass(thing)
        or issubclass(thing, tuple)
        or thing.__name__.endswith(names)
    )


def list_parameters():
    """List parameter -> the doors that take it."""
    doors = {}
    for door, thing in list_doors():
        if is_record(thing) or door.startswith(("Augmenter.", "ImagePaths.", "Fingerprints.")):
            continue
        for name in inspect.signature(thing).parameters:
            if (door, name) not in OTHERS and name not in ("self", "cls"):
                doors.setdefault(name, set()).add(door)
    return doors


TAKEN = list_parameters()


def try_door(door, photos, name, value):
    """Say what a door answers to a wrong value."""
    try:
        DOORS[door](photos, **{name: value})
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def test_no_parameter_that_several_doors_take_is_forgotten():
    told = {name for names in NOT_TRIED for name in names.split()}
    shared = {name for name, doors in TAKEN.items() if len(doors) > 1}
    assert sorted(shared - told - set(WRONG)) == []
    assert sorted((told | set(WRONG)) - shared) == []


def test_defaults_are_those_of_the_table_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "design.md").read_text()
    rows = re.findall(
        r"^\| `(\w+)` \| `([^`]+)` \|(.*)\|$", page.split("## Defaults")[1], re.MULTILINE
    )
    things, stated = dict(list_doors()), {}
    for name, default, elsewhere in rows:
        others = dict(re.findall(r"`([\w.]+)` has `([^`]+)`", elsewhere))
        stated[name] = {door: ast.literal_eval(others.get(door, default)) for door in TAKEN[name]}
        assert set(others) <= set(TAKEN[name]), name
    for name, doors in TAKEN.items():
        found = {door: inspect.signature(things[door]).parameters[name].default for door in doors}
        found = {
            door: value for door, value in found.items() if value is not inspect.Parameter.empty
        }
        if name in stated:
            assert found == {door: stated[name][door] for door in found}, name
        else:
            assert len(set(map(repr, found.values()))) <= 1, f"{name} has several defaults: {found}"


@pytest.mark.parametrize("name", WRONG)
def test_every_door_is_tried(name):
    assert sorted(door for door in TAKEN[name] if door not in DOORS) == []
    assert len(TAKEN[name]) > 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={value!r}")
        for name, values in WRONG.items()
        for value in values
    ],
)
def test_a_wrong_value_gets_one_sentence_at_every_door(name, value, photos):
    answers = {door: try_door(door, photos, name, value) for door in sorted(TAKEN[name])}
    assert len(set(answers.values())) == 1, "\n".join(f"{d}: {a}" for d, a in answers.items())
    (answer,) = set(answers.values())
    assert name in answer
