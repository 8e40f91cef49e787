"""Fits small networks on fed batches, on the backend of KERAS_BACKEND, and prints what came."""

import contextlib
import gc
import json
import pathlib
import tempfile
import threading

import keras
import numpy as np

from sklmerge import EpochSchedule, ImageBatches, ImageIndex, ImageScaler
from sklmerge.datasets import load_textures, write_textures

IMAGES, TARGET = load_textures(return_X_y=True)
SCALER = ImageScaler(rescale=1 / 255)


class RecordedBatches(ImageBatches):
    """Notes which batch of which epoch was made."""

    def make_batch(self, epoch, number):
        self.__dict__.setdefault("made", []).append((epoch, number))
        return super().make_batch(epoch, number)


def make_batches(**settings):
    schedule = EpochSchedule(merge={"ground": ["grass", "gravel"]}, random_state=0)
    settings = {"schedule": schedule, "augmenter": "light", "batch_size": 50} | settings
    return RecordedBatches(IMAGES, TARGET, scaler=SCALER, **settings)


def make_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((32, 48, 1)),
            keras.layers.AveragePooling2D(8),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def fit_with_validation():
    train = make_batches(class_weight={"brick": 1.0, "ground": 2.0}).to_keras()
    validation = ImageBatches(
        IMAGES, TARGET, scaler=SCALER, merge=train.batches.merger, batch_size=64
    )
    model = make_model()
    history = model.fit(train, validation_data=validation.to_keras(), epochs=3, verbose=0)
    return {
        "epoch after": train.epoch,
        "made": sorted(set(train.batches.made)),
        "losses": len(history.history["val_loss"]),
        "predicted": model.predict(validation.to_keras(), verbose=0).shape,
    }


def fit_and_resume():
    whole = make_model()
    whole.fit(make_batches().to_keras(), epochs=4, shuffle=False, verbose=0)
    parts = make_model()
    parts.fit(make_batches().to_keras(), epochs=2, shuffle=False, verbose=0)
    rest = make_batches().to_keras(initial_epoch=2)
    parts.fit(rest, initial_epoch=2, epochs=4, shuffle=False, verbose=0)
    return {
        "difference": compare(whole, parts),
        "epochs of the rest": sorted({epoch for epoch, _ in rest.batches.made}),
    }


class Crash(keras.callbacks.Callback):
    """Stops as a pulled plug does, at the end of an epoch or within the next."""

    def __init__(self, batches, *, within):
        super().__init__()
        self.batches, self.within = batches, within

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1 and not self.within:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch, logs=None):
        if self.batches.epoch == 2 and batch == 1 and self.within:
            raise KeyboardInterrupt


def fit_and_crash(*, within):
    """Resume by BackupAndRestore, and compare with a training that never stopped."""
    whole = make_model()
    train = make_batches().to_keras()
    whole.fit(train, epochs=4, shuffle=False, verbose=0, callbacks=[train.callback])
    with tempfile.TemporaryDirectory() as folder:

        def fit(*callbacks):
            model, train = make_model(), make_batches().to_keras()
            backup = keras.callbacks.BackupAndRestore(f"{folder}/backup")
            crash = [Crash(train, within=within)] if callbacks else []
            told = [train.callback, backup, *crash]
            with contextlib.suppress(KeyboardInterrupt):
                model.fit(train, epochs=4, shuffle=False, verbose=0, callbacks=told)
            return model, train

        fit("crash")
        model, train = fit()
    return {
        "difference": compare(whole, model),
        "fed": [key for key in train.batches.made if key[0] != 0],
        "looked at": sum(key[0] == 0 for key in train.batches.made),
    }


def compare(model, other):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def fit_from_an_epoch():
    train = make_batches().to_keras()
    settings = {"epochs": 4, "initial_epoch": 2, "verbose": 0, "callbacks": [train.callback]}
    make_model().fit(train, **settings)
    return sorted({key for key in train.batches.made if key[0] != 0})


def fit_in_steps():
    told = []
    for callbacks in (True, False):
        train = make_batches().to_keras()
        settings = {"callbacks": [train.callback]} if callbacks else {}
        try:
            make_model().fit(train, steps_per_epoch=2, epochs=4, verbose=0, **settings)
            told.append("nothing")
        # TensorFlow wraps what a data set raises.
        except Exception as error:
            told.append(str(error))
    return told


def fit_two_heads():
    batches = make_batches(class_mode="both", class_weight={"brick": 1.0, "ground": 2.0})
    inputs = keras.layers.Input((32, 48, 1))
    pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(inputs))
    outputs = {
        "merged": keras.layers.Dense(2, "softmax", name="merged")(pooled),
        "original": keras.layers.Dense(3, "softmax", name="original")(pooled),
    }
    model = keras.Model(inputs, outputs)
    model.compile("sgd", dict.fromkeys(outputs, "sparse_categorical_crossentropy"))
    train = batches.to_keras()
    history = model.fit(train, epochs=2, verbose=0, callbacks=[train.callback]).history
    tags = (np.random.default_rng(0).random((240, 3)) < [0.2, 0.5, 0.9]).astype(int)
    several = ImageBatches(IMAGES, tags, class_mode="multilabel", scaler=SCALER, batch_size=60)
    model = keras.Sequential([inputs, keras.layers.Flatten(), keras.layers.Dense(3, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    loss = model.fit(several.to_keras(), verbose=0).history["loss"]
    return {"losses": sorted(history), "multilabel": len(loss)}


def fit_folds():
    """Fit again and again, and see what stays behind."""
    kept = []
    for told in (True, False, True, False):
        batches = ImageBatches(
            IMAGES,
            TARGET,
            schedule=EpochSchedule(random_state=0),
            scaler=SCALER,
            image_size=(32, 48),
            batch_size=20,
            n_jobs=3,
        )
        train = batches.to_keras()
        model = keras.Sequential(
            [
                keras.layers.Input((32, 48, 1)),
                keras.layers.Flatten(),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(
            train, epochs=2, verbose=0, shuffle=False, callbacks=[train.callback] if told else []
        )
        # What a data set that stays alive would hold of images.
        kept.append(batches)
        del batches, train, model
        keras.backend.clear_session()
    gc.collect()
    threads = [thread.name for thread in threading.enumerate() if "sklmerge" in thread.name]
    return {"threads": threads, "bytes": [batches.n_bytes_kept for batches in kept]}


def weigh_an_evaluation():
    weights = np.linspace(0.5, 2, len(IMAGES))
    batches = ImageBatches(
        IMAGES,
        TARGET,
        merge=[["grass", "gravel"]],
        scaler=SCALER,
        sample_weight=weights,
        class_weight={"brick": 1.0, "grass+gravel": 3.0},
        batch_size=240,
    )
    model = make_model()
    loss = model.evaluate(batches.to_keras(), verbose=0)[0]
    codes = (TARGET != "brick").astype(int)
    predicted = model.predict(SCALER.fit(IMAGES).transform(IMAGES)[..., None], verbose=0)
    each = -np.log(predicted[np.arange(len(codes)), codes])
    return [float(loss), float(np.mean(each * weights * np.where(codes, 3.0, 1.0)))]


def meet_a_broken_file():
    with tempfile.TemporaryDirectory() as folder:
        write_textures(folder)
        index = ImageIndex(folder)
        batches = ImageBatches(index, schedule=EpochSchedule(random_state=0), batch_size=12)
        (pathlib.Path(folder) / "gravel" / "gravel_00_3.png").write_bytes(b"nothing")
        try:
            for number in range(5):
                batches.to_keras()[number]
        except ValueError as error:
            return str(error).replace(folder, "")
    return ""


def feed_tf_data():
    """Loop over a tf.data.Dataset, and say which batches of which epochs came."""
    if keras.backend.backend() != "tensorflow":
        return []
    batches = make_batches()
    dataset = batches.to_tf()
    plain = make_batches()
    return [
        [
            bool(np.array_equal(x[..., 0], want[0]) and np.array_equal(y, want[1]))
            for (x, y), want in zip(dataset, plain.iterate(epoch), strict=True)
        ]
        for epoch in range(3)
    ]


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "tf.data": feed_tf_data(),
                "validated": fit_with_validation(),
                "resumed": fit_and_resume(),
                "crashed within": fit_and_crash(within=True),
                "crashed between": fit_and_crash(within=False),
                "from an epoch": fit_from_an_epoch(),
                "steps": fit_in_steps(),
                "heads": fit_two_heads(),
                "folds": fit_folds(),
                "weighed": weigh_an_evaluation(),
                "broken": meet_a_broken_file(),
            }
        )
    )
