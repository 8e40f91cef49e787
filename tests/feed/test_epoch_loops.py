"""Loops over ImageBatches are one epoch each, whatever the threads, the ranks and the breaks."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import SGDClassifier

from sklmerge import EpochSchedule, ImageBatches

BALANCED = EpochSchedule("minority", random_state=0)


def test_batches_do_not_depend_on_threads_or_order(textures, assert_same_batches):
    images, target = textures

    def make(n_jobs):
        return ImageBatches(
            images, target, schedule=BALANCED, augmenter="strong", batch_size=7, n_jobs=n_jobs
        )

    alone = make(None)
    assert_same_batches(make(3), alone)
    alone.set_epoch(0)
    assert_same_batches([alone[n] for n in reversed(range(9))], list(make(2))[::-1])
    assert_same_batches(pickle.loads(pickle.dumps(make(2))), make(None))


def test_resuming_gives_the_batches_of_never_stopping(textures, assert_same_batches):
    images, target = textures

    def make():
        return ImageBatches(images, target, schedule=BALANCED, augmenter="light", batch_size=12)

    unbroken, resumed = make(), make()
    epochs = [list(unbroken) for _ in range(4)]
    resumed.set_epoch(3)
    assert_same_batches(resumed, epochs[3])


def test_every_loop_is_another_epoch_also_after_one_that_breaks_off(textures, assert_same_batches):
    images, target = textures
    batches = ImageBatches(images, target, schedule=BALANCED, batch_size=12)
    for _ in batches:
        break
    pairs = list(zip(batches, batches, strict=True))
    assert batches.epoch == 3
    assert_same_batches([first for first, _ in pairs], batches.iterate(1))
    assert_same_batches([second for _, second in pairs], batches.iterate(2))
    assert_same_batches([batches[n] for n in range(5)], batches.iterate(3))
    assert batches.epoch == 3


@pytest.mark.parametrize("epoch", [1.5, "1", True, None])
def test_an_epoch_is_a_whole_number(textures, epoch):
    batches = ImageBatches(*textures, schedule=BALANCED)
    with pytest.raises(TypeError, match="epoch must be a whole number of at least 0, got"):
        batches.set_epoch(epoch)
    with pytest.raises(ValueError, match="epoch must be a whole number of at least 0, got -1"):
        batches.set_epoch(-1)


def test_partial_fit_learns_from_rows(textures):
    images, target = textures
    rows = images.reshape(len(images), -1).astype(np.float32) / 255
    batches = ImageBatches(rows, target, schedule=BALANCED, batch_size=15)
    model = SGDClassifier(random_state=0)
    for _ in range(3):
        for x, y in batches:
            model.partial_fit(x, y, classes=list(batches.class_indices.values()))
    assert batches.epoch == 3
    assert model.predict(rows[:5]).shape == (5,)


def test_ranks_share_an_epoch(textures):
    images, target = textures
    whole = ImageBatches(images, target, schedule=BALANCED, batch_size=6)
    parts = [whole.with_rank(rank, 2) for rank in range(2)]
    assert [len(part) for part in parts] == [5, 5]
    rows = np.concatenate([batch.draws.indices for part in parts for batch in part])
    expected = np.concatenate([batch.draws.indices for batch in whole])
    assert_array_equal(np.sort(rows), np.sort(expected))
    with pytest.raises(ValueError, match="rank must be below world_size 2, got 2"):
        whole.with_rank(2, 2)


def test_progress_is_shown_when_asked(textures, capsys):
    images, target = textures
    assert len(list(ImageBatches(images, target, progress=True))) == 8
    assert "epoch 0" in capsys.readouterr().out
