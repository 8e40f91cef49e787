"""What newcomers get wrong is read as they mean it, or refused in a sentence with the remedy.

One mistake cannot be seen, blue before red as OpenCV reads it: the image contract says so.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklmerge import (
    AugmentingOverSampler,
    BalancingSampler,
    ClassWeightEstimator,
    EpochSchedule,
    HOGFeatures,
    ImageAugmenter,
    ImageBatches,
    ImageIndex,
    ImageReader,
    ImageScaler,
    LabelMerger,
    MergedClassifier,
    balance_folder,
    batches_from_directory,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 16, 24, 3), dtype=np.uint8)
LABELS = ["glass"] * 5 + ["metal"] * 4 + ["plastic"] * 3
SHAPE = IMAGES.shape[1:]
AUGMENTER = ImageAugmenter(rotation_range=20, brightness_range=(0.8, 1.2), random_state=0)


def over_sample(X, y=LABELS, **parameters):
    sampler = AugmentingOverSampler(AUGMENTER, random_state=0, **parameters)
    return sampler.fit_resample(X, y)


def take_batch(X, y=LABELS, **parameters):
    schedule = EpochSchedule("natural", random_state=0)
    return ImageBatches(X, y, schedule=schedule, augmenter=AUGMENTER, **parameters)[0]


def predict(X, y=LABELS, **parameters):
    classifier = MergedClassifier(LogisticRegression(), **parameters)
    return make_pipeline(HOGFeatures(), classifier).fit(X, y).predict(X)


DOORS = {
    "ImageAugmenter": AUGMENTER.augment,
    "AugmentingOverSampler": lambda X: over_sample(X)[0],
    "ImageBatches": lambda X: take_batch(X)[0],
    "ImageScaler": ImageScaler(featurewise_center=True).fit_transform,
    "HOGFeatures": HOGFeatures().fit_transform,
    "MergedClassifier": predict,
}
all_doors = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def folder(tmp_path):
    for n, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        (tmp_path / "photos" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "photos" / label / f"{n:02}.png")
    return tmp_path / "photos"


@all_doors
def test_a_list_of_pil_images_is_a_batch(door):
    assert_array_equal(door([Image.fromarray(image) for image in IMAGES]), door(IMAGES))


def test_the_order_of_colours_is_documented():
    contract = (Path(__file__).parents[2] / "docs" / "image_contract.md").read_text()
    assert "Three channels are red, green and blue" in contract
    assert "cv2.imread" in contract


@all_doors
def test_floats_from_0_to_255(door, request):
    floats = IMAGES.astype(np.float32)
    if request.node.callspec.id == "ImageScaler":  # centring means the same in any unit
        np.testing.assert_allclose(door(floats), door(IMAGES))
        return
    with pytest.raises(ValueError, match=r"between 0 and 1, got .* 255; divide .* by 255"):
        door(floats)
    # What the error advises is the way out.
    door(floats / 255)


@all_doors
def test_channels_first(door):
    with pytest.raises(ValueError, match=r"channels are first: pass np\.moveaxis\(.*1, -1\)"):
        door(np.moveaxis(IMAGES, -1, 1))


@all_doors
def test_images_of_several_sizes(door):
    mixed = [image[: 16 - n % 2] for n, image in enumerate(IMAGES)]
    with pytest.raises(ValueError, match=r"one shape.*(resize them to|pass image_size=)"):
        door(mixed)


@all_doors
def test_a_generator(door):
    with pytest.raises(TypeError, match=r"got (a )?generator; pass list\((X|source)\)"):
        door(image for image in IMAGES)


@pytest.mark.filterwarnings("ignore:A column-vector y:sklearn.exceptions.DataConversionWarning")
def test_labels_as_a_column_are_labels():
    column = np.array(LABELS)[:, None]
    merge = {"waste": ["metal", "plastic"]}
    X, y = over_sample(IMAGES, column)
    expected_X, expected_y = over_sample(IMAGES)
    assert_array_equal(X, expected_X)
    assert_array_equal(np.ravel(y), expected_y)
    assert_array_equal(take_batch(IMAGES, column)[1], take_batch(IMAGES)[1])
    assert_array_equal(predict(IMAGES, column), predict(IMAGES))
    merged = LabelMerger(merge).fit_transform(column)
    assert_array_equal(np.ravel(merged), LabelMerger(merge).fit_transform(LABELS))
    weights = ClassWeightEstimator().fit(column).class_weight_
    assert weights == ClassWeightEstimator().fit(LABELS).class_weight_


def test_a_typo_in_the_path_of_a_folder(folder, tmp_path):
    typo = str(tmp_path / "photo")
    doors = (
        ImageIndex,
        lambda source: balance_folder(source, tmp_path / "out"),
        lambda source: batches_from_directory(source, image_size=(16, 24)),
    )
    for door in doors:
        message = rf"existing folder.*got '{re.escape(typo)}' \(did you mean 'photos'\?\)"
        with pytest.raises(ValueError, match=message):
            door(typo)
    with pytest.raises(ValueError, match=r"existing folder.*nowhere/photos'$"):
        ImageIndex(f"{tmp_path}/nowhere/photos")


def test_a_typo_in_the_path_of_a_table_or_of_its_column(folder, tmp_path):
    (tmp_path / "train.csv").write_text("image,kind\nglass/00.png,g\nglass/0l.png,g\n")
    with pytest.raises(ValueError, match=r"got '.*trian.csv' \(did you mean 'train.csv'\?\)"):
        ImageIndex(tmp_path / "trian.csv", root=folder, path_column="image", label_column="kind")
    with pytest.raises(ValueError, match=r"label_column .*'kinds' \(did you mean 'kind'\?\)"):
        ImageIndex(tmp_path / "train.csv", root=folder, path_column="image", label_column="kinds")
    with pytest.raises(ValueError, match=r"1 of 2 are not, first: 'glass/0l.png'.*pass root"):
        ImageIndex(tmp_path / "train.csv", root=folder, path_column="image", label_column="kind")


def test_a_typo_in_the_path_of_an_image(folder):
    paths = [f"{folder}/glass/00.png", f"{folder}/glass/0l.png"]
    read = ImageReader(image_size=(16, 24)).fit_transform
    for door in (read, HOGFeatures().fit_transform, lambda X: take_batch(X, ["a", "b"])):
        with pytest.raises(ValueError, match=r"glass/0l.png.*no such file"):
            door(paths)
    with pytest.raises(TypeError, match="ImageReader reads paths"):
        AUGMENTER.augment(paths)


TYPO = {"waste": ["metal", "plastics"]}
COUNTS = {"glass": 5, "metal": 5, "plastics": 5}
TYPOS = {
    "LabelMerger": lambda _: LabelMerger(TYPO).fit(LABELS),
    "unknown label": lambda _: LabelMerger().fit(LABELS).transform(["plastics"]),
    "unknown class": lambda _: LabelMerger().fit(LABELS).inverse_transform(["plastics"]),
    "MergedClassifier": lambda _: predict(IMAGES, merge=TYPO),
    "AugmentingOverSampler": lambda _: over_sample(IMAGES, merge=TYPO),
    "ImageBatches": lambda _: take_batch(IMAGES, merge=TYPO),
    "ImageIndex": lambda folder: ImageIndex(folder, merge=TYPO),
    "balance_folder": lambda folder: balance_folder(folder, folder.parent / "out", merge=TYPO),
    "targets of a folder": lambda folder: balance_folder(
        folder, folder.parent / "out", samples_per_class=COUNTS
    ),
    "EpochSchedule": lambda _: EpochSchedule(COUNTS).fit(LABELS),
    "classes to augment": lambda _: EpochSchedule(augment=["Plastics"]).fit(LABELS),
    "BalancingSampler": lambda _: BalancingSampler(COUNTS).fit_resample(IMAGES, LABELS),
    "augmenters": lambda _: AugmentingOverSampler(dict.fromkeys(COUNTS)).fit_resample(
        IMAGES, LABELS
    ),
    "ClassWeightEstimator": lambda _: ClassWeightEstimator(COUNTS).fit(LABELS),
    "class_weight": lambda _: take_batch(IMAGES, class_weight=COUNTS),
}


@pytest.mark.parametrize("door", TYPOS.values(), ids=TYPOS)
def test_a_typo_in_a_label(door, folder):
    with pytest.raises(ValueError, match=r"(?i)'plastics'.* \(did you mean 'plastic'\?\)"):
        door(folder)


def test_nothing_is_guessed_for_a_name_that_is_like_no_other():
    with pytest.raises(ValueError, match="lacks: 'paper'; y has 'glass', 'metal', 'plastic'; pass"):
        LabelMerger({"waste": ["paper", "metal"]}).fit(LABELS)


@pytest.mark.parametrize("shape", [(32, 32, 3), (16, 24), (16, 24, 4)])
def test_an_image_shape_that_does_not_fit(shape):
    rows = IMAGES.reshape(len(IMAGES), -1)
    doors = (
        lambda: ImageAugmenter(rotation_range=20, image_shape=shape).augment(rows, 0),
        lambda: over_sample(rows, image_shape=shape),
        lambda: ImageScaler(rescale=1 / 255, image_shape=shape).fit_transform(rows),
        lambda: HOGFeatures(image_shape=shape).fit_transform(rows),
    )
    for door in doors:
        with pytest.raises(ValueError, match=rf"1152 columns; image_shape={re.escape(f'{SHAPE}')}"):
            door()
    with pytest.raises(ValueError, match="does not fit X, whose images have shape"):
        ImageAugmenter(rotation_range=20, image_shape=shape).augment(IMAGES, 0)
