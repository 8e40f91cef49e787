"""ImageBatches feeds what the schedule draws, varied and scaled alike, with targets and weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from sklmerge import (
    ClassWeightEstimator,
    EpochSchedule,
    ImageAugmenter,
    ImageBatches,
    ImageScaler,
    LabelMerger,
)
from sklmerge.plot import SheetRow, draw_contact_sheet

BALANCED = EpochSchedule("minority", random_state=0)


def test_every_epoch_is_balanced_and_takes_the_next_of_the_common_class(textures):
    images, target = textures
    batches = ImageBatches(images, target, schedule=BALANCED, batch_size=12)
    seen = []
    for epoch in range(3):
        assert batches.epoch == epoch
        drawn = [batch.draws for batch in batches]
        assert len(drawn) == len(batches) == 5
        labels = np.concatenate([draws.labels for draws in drawn])
        assert np.unique(labels, return_counts=True)[1].tolist() == [20, 20, 20]
        indices = np.concatenate([draws.indices for draws in drawn])
        assert_array_equal(target[indices], labels)
        seen.append(set(indices[labels == "grass"]))
    assert len(seen[0] | seen[1] | seen[2]) == 60


def test_plain_draws_are_the_images_themselves(textures):
    images, target = textures
    for batch in ImageBatches(images, target, schedule=BALANCED, batch_size=12):
        x, y = batch
        assert_array_equal(x, images[batch.draws.indices])
        assert y.tolist() == [["brick", "grass", "gravel"].index(s) for s in batch.draws.labels]
        assert y.dtype == np.int64
        assert not batch.draws.is_augmented.any()


def test_without_a_schedule_each_image_comes_once_in_order(textures):
    images, target = textures
    batches = ImageBatches(images, target, batch_size=50)
    for _ in range(2):
        parts = [batch[0] for batch in batches]
        assert [len(part) for part in parts] == [48] * 5
        assert_array_equal(np.concatenate(parts), images)
    (x,) = ImageBatches(images, batch_size=240)[0]
    assert_array_equal(x, images)
    assert ImageBatches(images)[0].draws.labels is None


def test_varied_draws_are_what_the_augmenter_makes_of_their_keys(textures):
    images, target = textures
    augmenter = ImageAugmenter(rotation_range=20, brightness_range=(0.8, 1.2))
    scaler = ImageScaler(rescale=1 / 255, featurewise_center=True).fit(images)
    batches = ImageBatches(
        images, target, schedule=BALANCED, augmenter=augmenter, scaler=scaler, batch_size=12
    )
    for batch in batches:
        draws = batch.draws
        assert draws.is_augmented.all()
        params = augmenter.draw_params(len(draws.keys), 0, keys=draws.keys)
        varied = augmenter.apply(images[draws.indices], params)
        assert_array_equal(batch[0], scaler.transform(varied))


def test_plain_varied_and_validation_images_have_one_scale(textures):
    images, target = textures
    still = ImageAugmenter(rotation_range=1e-9)
    scaler = ImageScaler(rescale=1 / 255, featurewise_std_normalization=True).fit(images)
    schedule = EpochSchedule(10, augment=["grass"], random_state=1)
    batches = ImageBatches(images, target, schedule=schedule, augmenter=still, scaler=scaler)
    validation = ImageBatches(images, target, scaler=scaler, batch_size=240)[0][0]
    for batch in batches:
        assert_array_equal(batch.draws.is_augmented, batch.draws.labels == "grass")
        assert_allclose(batch[0], validation[batch.draws.indices], atol=0.07)
    assert validation.shape == (240, 32, 48)
    assert validation.dtype == np.float32


def test_a_scaler_with_nothing_to_learn_need_not_be_fitted_and_others_must(textures):
    images, target = textures
    scaler = ImageScaler(rescale=1 / 255)
    x, _ = ImageBatches(images, target, scaler=scaler)[0]
    assert x.max() <= 1
    assert not hasattr(scaler, "n_channels_")
    with pytest.raises(NotFittedError, match="scaler must be fitted to training images"):
        ImageBatches(images, target, scaler=ImageScaler(featurewise_center=True))


def test_merged_classes_are_balanced_and_encoded_as_one(textures):
    images, target = textures
    merger = LabelMerger({"ground": ["grass", "gravel"]})
    schedule = EpochSchedule("minority", merge=merger, within_merged="balanced", random_state=0)
    batches = ImageBatches(images, target, schedule=schedule, batch_size=20)
    assert batches.class_indices == {"brick": 0, "ground": 1}
    for x, y in batches:
        assert len(x) == 20
        assert np.bincount(y).tolist() == [10, 10]
    originals = np.concatenate([batch.draws.original_labels for batch in batches])
    assert np.unique(originals, return_counts=True)[1].tolist() == [80, 40, 40]


@pytest.mark.parametrize(
    ("class_mode", "shape", "dtype"),
    [
        ("sparse", (20,), np.int64),
        ("categorical", (20, 2), np.float32),
        ("binary", (20,), np.float32),
    ],
)
def test_class_mode_writes_targets_as_the_merger_does(textures, class_mode, shape, dtype):
    images, target = textures
    schedule = EpochSchedule(merge=[["grass", "gravel"]], random_state=0)
    batches = ImageBatches(images, target, schedule=schedule, class_mode=class_mode, batch_size=20)
    batch = batches[0]
    assert (batch[1].shape, batch[1].dtype) == (shape, dtype)
    expected = batches.merger.encode(batch.draws.original_labels, class_mode)
    assert_array_equal(batch[1], expected)


def test_two_heads_get_merged_and_original_classes(textures):
    images, target = textures
    schedule = EpochSchedule(merge=[["grass", "gravel"]], random_state=0)
    train = ImageBatches(images, target, schedule=schedule, class_mode="both", batch_size=20)
    batch = train[0]
    names = np.array(["brick", "grass", "gravel"])
    assert_array_equal(names[batch[1]["original"]], batch.draws.original_labels)
    assert_array_equal(batch[1]["merged"] == 1, batch.draws.original_labels != "brick")
    # A validation set that lacks a class is numbered as the training set at both levels.
    rows = target == "gravel"
    val = ImageBatches(images[rows], target[rows], merge=train.merger, class_mode="both")
    assert {name: set(codes.tolist()) for name, codes in val[0][1].items()} == {
        "merged": {1},
        "original": {2},
    }


TAGS = (np.random.default_rng(0).random((240, 4)) < [0.05, 0.3, 0.6, 0.9]).astype(int)


def test_several_labels_an_image_are_drawn_by_repeat_factors(textures):
    images, _ = textures
    schedule = EpochSchedule("majority", stratify_batches=False, random_state=0)
    merge = {9: [1, 2]}
    batches = ImageBatches(
        images, TAGS, schedule=schedule, class_mode="multilabel", merge=merge, batch_size=40
    )
    assert batches.class_names == [0, 3, 9]
    merged = np.column_stack([TAGS[:, 0], TAGS[:, 3], TAGS[:, 1] | TAGS[:, 2]])
    drawn = []
    for batch in batches:
        assert batch[1].dtype == np.float32
        assert_array_equal(batch[1], merged[batch.draws.indices])
        assert_array_equal(batch.draws.original_labels, TAGS[batch.draws.indices])
        drawn.append(batch.draws.indices)
    share = merged[np.concatenate(drawn)].mean(axis=0)
    assert share[0] > 2 * merged.mean(axis=0)[0]
    assert "240 images, 3 classes" in repr(batches)


def test_several_labels_an_image_come_in_order_without_a_schedule(textures):
    images, _ = textures
    batches = ImageBatches(images, TAGS, class_mode="multilabel", batch_size=100)
    assert_array_equal(np.concatenate([y for _, y in batches]), TAGS)
    assert batches.counts == dict(enumerate(TAGS.sum(axis=0).tolist()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"y": TAGS}, r"y must be of shape \(n,\), got \(240, 4\); pass class_mode='multilabel'"),
        ({"class_mode": "multilabel"}, "class_mode='multilabel' needs a 0/1 table"),
        (
            {"y": TAGS, "class_mode": "multilabel", "class_weight": "balanced"},
            r'class_weight must be None for class_mode="multilabel".*pos_weight\(\)',
        ),
        ({"y": {"head": [0]}}, "y must be labels, one for each image, got a dict"),
        ({"scaler": abs}, r"scaler must be an ImageScaler or have transform, .* ImageScaler\(pre"),
        ({"class_weight": {"brick": -1, "grass": 1, "gravel": 1}}, "class_weight must be finite"),
        ({"progress": "yes"}, "progress must be True or False, got 'yes'"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(textures, settings, message):
    images, target = textures
    with pytest.raises((ValueError, TypeError), match=message):
        ImageBatches(images, **({"y": target} | settings))


def test_a_batch_is_asked_for_by_its_number(textures):
    batches = ImageBatches(*textures, batch_size=48)
    assert_array_equal(batches[-1][0], batches[4][0])
    with pytest.raises(IndexError, match=r"number must be in \[0, 5\), got 99"):
        batches[99]
    for number in (slice(0, 2), 1.0, None, True):
        with pytest.raises(TypeError, match="number must be an int, got"):
            batches[number]


def test_a_merge_at_several_doors_must_be_the_same(textures):
    images, target = textures
    ground = {"ground": ["grass", "gravel"]}
    schedule = EpochSchedule(merge=LabelMerger(ground), random_state=0)
    same = ImageBatches(images, target, schedule=schedule, merge={"ground": ["gravel", "grass"]})
    assert same.class_names == ["brick", "ground"]
    train = ImageBatches(images, target, schedule=schedule, merge=same.merger)
    assert train.merger is same.merger
    with pytest.raises(ValueError, match="got one in the schedule and another in ImageBatches, wh"):
        ImageBatches(images, target, schedule=schedule, merge={"soil": ["grass", "gravel"]})


def test_a_validation_set_without_a_class_is_numbered_as_the_training_set(textures):
    images, target = textures
    train = ImageBatches(images, target, schedule=BALANCED)
    rows = np.flatnonzero(target != "brick")
    validation = ImageBatches(images[rows], target[rows], merge=train.merger, batch_size=100)
    assert validation[0][1].tolist() == [1] * 60 + [2] * 20
    assert validation.n_classes == 3
    with pytest.raises(ValueError, match="'stone'"):
        ImageBatches(images[:2], ["brick", "stone"], merge=train.merger)


def test_classes_may_be_varied_each_in_its_own_way(textures):
    images, target = textures
    flip = ImageAugmenter(horizontal_flip=True)
    schedule = EpochSchedule(merge={"ground": ["grass", "gravel"]}, random_state=0)
    batches = ImageBatches(
        images,
        target,
        schedule=schedule,
        augmenter={"brick": None, "ground": lambda image: 255 - image, "gravel": flip},
    )
    for batch in batches:
        draws = batch.draws
        assert_array_equal(draws.is_augmented, draws.original_labels != "brick")
        for image, row, label in zip(batch[0], draws.indices, draws.original_labels, strict=True):
            source = images[row]
            ways = {"brick": [source], "grass": [255 - source], "gravel": [source, source[:, ::-1]]}
            assert any(np.array_equal(image, way) for way in ways[label])
    with pytest.raises(ValueError, match="got none for 'gravel'"):
        ImageBatches(images, target, schedule=BALANCED, augmenter={"brick": None, "grass": None})
    with pytest.raises(ValueError, match="got no class 'sand'"):
        ImageBatches(images, target, schedule=BALANCED, augmenter={"sand": None})


def test_weights_of_classes_and_samples_multiply(textures):
    images, target = textures
    weights = np.arange(240.0)
    batches = ImageBatches(
        images,
        target,
        schedule=BALANCED,
        sample_weight=weights,
        class_weight={"brick": 1.0, "grass": 2.0, "gravel": 0.5},
    )
    for batch in batches:
        by_class = [{"brick": 1, "grass": 2, "gravel": 0.5}[s] for s in batch.draws.labels]
        assert_allclose(batch[2], weights[batch.draws.indices] * by_class)
        assert batch[2].dtype == np.float32
    assert len(ImageBatches(images, target, sample_weight=weights)[0]) == 3


def test_balanced_weights_make_up_for_what_the_schedule_leaves(textures):
    images, target = textures
    schedule = EpochSchedule({"brick": 40, "grass": 20, "gravel": 20}, random_state=0)
    for weighting in ("balanced", ClassWeightEstimator()):
        batches = ImageBatches(images, target, schedule=schedule, class_weight=weighting)
        totals = {}
        for batch in batches:
            for label, weight in zip(batch.draws.labels, batch[2], strict=True):
                totals[label] = totals.get(label, 0) + weight
        assert list(totals.values()) == pytest.approx([80 / 3] * 3, rel=1e-5)
    even = ImageBatches(images, target, schedule=BALANCED, class_weight="balanced")
    assert_allclose(even[0][2], 1)


def test_images_of_many_sizes_come_out_in_one(textures):
    images, target = textures
    loose = [image[: 20 + place % 3] for place, image in enumerate(images)]
    x, _ = ImageBatches(loose, target, image_size=(15, 21))[0]
    assert x.shape == (30, 15, 21)
    x, _ = ImageBatches(loose, target, scaler=ImageScaler(image_size=(15, 21)))[0]
    assert x.shape == (30, 15, 21)


@pytest.mark.parametrize(
    ("other", "advice"),
    [
        (np.zeros((32, 47), np.uint8), r"pass image_size=\(height, width\)"),
        (
            np.zeros((32, 48, 3), np.uint8),
            'give them one number of channels .files: color_mode="rgb"',
        ),
        (np.zeros((32, 48), np.float32), "give them one dtype"),
    ],
)
def test_images_that_make_no_batch_are_told_what_would_help(textures, other, advice):
    images, target = textures
    with pytest.raises(ValueError, match=f"must have one shape and dtype, got .*; {advice}"):
        ImageBatches([other, *images[1:]], target)[0]


def test_show_draws_images_with_captions(textures):
    import matplotlib

    matplotlib.use("agg")
    images, target = textures
    batches = ImageBatches(images, target, schedule=BALANCED, augmenter="light")
    figure = batches.show(n_images=6)
    ((pictures, _), draws) = batches[0], batches[0].draws
    captions = [f"{label}, augmented" for label in draws.labels.tolist()]
    assert captions[:2] == ["brick, augmented", "grass, augmented"]
    rows = [
        SheetRow("", pictures[part], captions[part], n_sources=0)
        for part in (slice(4), slice(4, 6))
    ]
    sheet = draw_contact_sheet(rows, tile_size=(160, 160), scale=1.5)
    (axis,) = figure.axes
    assert_array_equal(axis.images[0].get_array(), sheet)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"y": ["a"] * 3}, "y must have one label for each of 240 images, got 3"),
        ({"y": None, "schedule": BALANCED}, "y is needed if schedule is given"),
        ({"augmenter": "light"}, "schedule must say what is augmented"),
        ({"schedule": BALANCED, "batch_size": 2}, "batch_size must be at least 3"),
        ({"on_error": "ignore"}, "on_error must be 'raise', 'skip' or 'warn', got 'ignore'"),
        ({"class_mode": "binary"}, "binary needs two merged classes, got 3"),
        ({"class_weight": {0: 1, 1: 1, 2: 1}}, "class_weight must weigh each merged class by its"),
        ({"sample_weight": [1.0]}, r"sample_weight must be of shape \(240,\)"),
        ({"n_jobs": 0}, "n_jobs must be a whole number other than 0"),
        ({"cache_bytes": -1}, "cache_bytes must be a number of bytes >= 0, got -1"),
        ({"rank": 2, "world_size": 2}, "rank must be below world_size 2, got 2"),
        ({"rank": -1}, "rank must be a whole number of at least 0, got -1"),
        ({"schedule": EpochSchedule(), "world_size": 2}, "random_state must be an int where"),
        (
            {"schedule": EpochSchedule(merge={"g": ["grass"]}), "merge": {"b": ["brick"]}},
            "merge must be the same wherever it is given, got one in the schedule and another",
        ),
    ],
)
def test_wrong_settings_are_named(textures, settings, message):
    images, target = textures
    with pytest.raises(ValueError, match=message):
        ImageBatches(images, **({"y": target} | settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": [1, 2, 3]}, "source must be images, paths, an ImageIndex or a data set"),
        ({"schedule": "minority"}, "schedule must be an EpochSchedule or None, got 'minority'"),
        ({"n_jobs": 1.5}, "n_jobs must be a whole number other than 0 .*, got 1.5"),
        ({"cache_bytes": "1 GB"}, "cache_bytes must be a number of bytes >= 0, got '1 GB'"),
        ({"rank": 0.5, "world_size": 2}, "rank must be a whole number of at least 0, got 0.5"),
    ],
)
def test_settings_of_the_wrong_kind_are_named(textures, settings, message):
    images, target = textures
    with pytest.raises(TypeError, match=message):
        ImageBatches(**({"source": images, "y": target} | settings))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("n_channels", [0, 3])
def test_what_an_unfitted_scaler_takes_does_not_depend_on_what_came_before(order, n_channels):
    shape = (3, 64, 70, 3)[: None if n_channels else -1]
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    others = np.zeros((3, 64, 70) if n_channels else (3, 64, 70, 3), np.uint8)
    mixed = [*images, *others][::order]
    batches = ImageBatches(mixed, scaler=ImageScaler(rescale=1 / 255), batch_size=3)
    for number in range(2):
        expected = np.stack(mixed[3 * number : 3 * number + 3]) / 255
        assert_allclose(batches[number][0], expected, rtol=1e-6)


def test_a_state_tells_apart_schedules_that_augment_differently(textures):
    images, target = textures

    def digest(augment):
        schedule = EpochSchedule(9, augment=augment, random_state=0)
        return ImageBatches(images, target, schedule=schedule).state_dict()["digest"]

    assert len({digest(augment) for augment in ("all", "none", "repeated", ["brick"])}) == 4
    assert digest(["brick", "grass"]) == digest(("grass", "brick"))
    assert digest(None) == digest("all")


@pytest.mark.parametrize("weight", [np.nan, np.inf, -1.0])
def test_a_wrong_sample_weight_is_named_with_its_image(textures, weight):
    images, target = textures
    weights = np.ones(len(images))
    weights[5] = weight
    with pytest.raises(ValueError, match=f"finite and >= 0, got {weight} for image 5"):
        ImageBatches(images, target, sample_weight=weights)
