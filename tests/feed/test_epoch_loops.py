"""Loops over ImageBatches are one epoch each, whatever the threads, the ranks and the breaks."""

import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import SGDClassifier

from sklmerge import EpochSchedule, ImageBatches, config_context
from sklmerge.images import encode_image

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


def stop_within(textures, **settings):
    """Give batches that resume behind the second batch of epoch 1, and the whole of epochs 1, 2."""
    images, target = textures

    def make():
        return ImageBatches(
            images, target, schedule=BALANCED, augmenter="light", batch_size=12, **settings
        )

    stopped, resumed = make(), make()
    stopped.set_epoch(1)
    for _ in zip(range(2), stopped, strict=False):
        pass
    resumed.load_state_dict(stopped.state_dict())
    stopped.set_epoch(1)
    return resumed, [list(stopped), list(stopped)]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_place_within_an_epoch_goes_with_the_batches_to_torch(textures, num_workers):
    batches, epochs = stop_within(textures)
    loader = batches.to_torch(num_workers)
    assert {**loader.state_dict(), "digest": 0} == {**batches.state_dict(), "digest": 0}
    for expected in (epochs[0][2:], epochs[1]):
        fed = [y.numpy() for _, y in loader]
        assert len(fed) == len(expected)
        for y, batch in zip(fed, expected, strict=True):
            assert_array_equal(y, batch[1])


def test_a_place_within_an_epoch_goes_with_the_batches_to_tensorflow(textures):
    batches, epochs = stop_within(textures)
    dataset = batches.to_tf()
    for expected in (epochs[0][2:], epochs[1]):
        fed = list(dataset.as_numpy_iterator())
        assert len(fed) == len(expected)
        for (x, y), batch in zip(fed, expected, strict=True):
            assert_array_equal(x[..., 0], batch[0])
            assert_array_equal(y, batch[1])


def test_keras_goes_on_at_the_epoch_of_the_batches_and_refuses_a_place_within(textures):
    batches, epochs = stop_within(textures)
    with pytest.raises(ValueError, match="got batch 2 of epoch 1; Keras"):
        batches.to_keras()
    assert_array_equal(batches.to_keras(initial_epoch=1)[0][0][..., 0], epochs[0][0][0])
    batches.set_epoch(2)
    feed = batches.to_keras()
    assert feed.epoch == 2
    feed[0]
    sent = pickle.loads(pickle.dumps(feed))
    for number, batch in enumerate(epochs[1]):
        assert_array_equal(sent[number][0][..., 0], batch[0])


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_settings_hold_in_the_threads_that_make_batches_ahead(tmp_path, framework):
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for path in paths:
        path.write_bytes(encode_image(np.zeros((20, 30, 3), np.uint8), "png"))
    batches = ImageBatches(paths, batch_size=2, n_jobs=2)
    feed = batches.to_keras() if framework == "keras" else batches.to_torch()
    with config_context(max_pixels=599), pytest.raises(ValueError, match="max_pixels"):
        next(iter(feed)) if framework == "torch" else feed[0]
    assert len(next(iter(batches))[0]) == 2


class Slow:
    """Images whose reading takes a while, and can be seen."""

    def __init__(self):
        self.n_reading = 0

    def __len__(self):
        return 12

    def read(self, row):
        self.n_reading += 1
        time.sleep(0.02)
        self.n_reading -= 1
        return np.full((5, 7, 3), row, np.uint8)


@pytest.mark.parametrize("framework", [None, "torch"])
def test_a_fork_finds_no_thread_at_work(framework):
    # Whoever is forked while one is at work may wait for its locks for ever.
    source = Slow()
    batches = ImageBatches(source, batch_size=2, n_jobs=2)
    for _ in batches.to_torch() if framework else batches:
        if not (child := os.fork()):
            os._exit(source.n_reading)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_comes_beside_a_loop_that_never_rests():
    # Threads that would begin while the fork waits let it go first.
    class Uneven(Slow):
        def __len__(self):
            return 400

        def read(self, row):
            self.n_reading += 1
            time.sleep(0.05 + 0.015 * (row % 5))
            self.n_reading -= 1
            return np.zeros((5, 7), np.uint8)

    source, is_over = Uneven(), threading.Event()

    def loop():
        for _ in ImageBatches(source, batch_size=1, n_jobs=8):
            if is_over.is_set():
                break

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        for _ in range(3):
            time.sleep(0.1)
            if not (child := os.fork()):
                os._exit(source.n_reading)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        is_over.set()
        thread.join()


def test_a_stop_from_the_keyboard_while_a_fork_waits_is_not_lost():
    class Late(Slow):
        def read(self, row):
            time.sleep(0.5)
            return np.zeros((5, 7), np.uint8)

    def fork():
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(5)

    loop = iter(ImageBatches(Late(), batch_size=1, n_jobs=2))
    next(loop)
    threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        fork()
    loop.close()


def test_a_source_may_fork_in_a_thread_that_works_ahead():
    class Forking(Slow):
        def read(self, row):
            if not (child := os.fork()):
                os._exit(row)
            return np.full((5, 7), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), np.uint8)

    seen = np.concatenate([x for (x,) in ImageBatches(Forking(), batch_size=4, n_jobs=2)])
    assert seen[:, 0, 0].tolist() == list(range(12))
