"""Fits small networks on fed batches, on the backend of KERAS_BACKEND, and prints what came."""

import json
import pathlib
import tempfile

import keras
import numpy as np

from sklmerge import EpochSchedule, ImageBatches, ImageIndex, ImageScaler
from sklmerge.datasets import load_textures, write_textures
from sklmerge.feed.keras import KerasBatches

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
    train = KerasBatches(make_batches(class_weight={"brick": 1.0, "ground": 2.0}))
    validation = ImageBatches(
        IMAGES, TARGET, scaler=SCALER, merge=train.batches.merger, batch_size=64
    )
    model = make_model()
    history = model.fit(train, validation_data=KerasBatches(validation), epochs=3, verbose=0)
    return {
        "epoch after": train.epoch,
        "made": sorted(set(train.batches.made)),
        "losses": len(history.history["val_loss"]),
        "predicted": model.predict(KerasBatches(validation), verbose=0).shape,
    }


def fit_and_resume():
    whole = make_model()
    whole.fit(KerasBatches(make_batches()), epochs=4, shuffle=False, verbose=0)
    parts = make_model()
    parts.fit(KerasBatches(make_batches()), epochs=2, shuffle=False, verbose=0)
    rest = KerasBatches(make_batches(), initial_epoch=2)
    parts.fit(rest, initial_epoch=2, epochs=4, shuffle=False, verbose=0)
    return {
        "difference": max(
            float(np.abs(a - b).max())
            for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True)
        ),
        "epochs of the rest": sorted({epoch for epoch, _ in rest.batches.made}),
    }


def fit_in_steps():
    train = KerasBatches(make_batches())
    make_model().fit(train, steps_per_epoch=2, epochs=4, shuffle=False, verbose=0)
    return sorted(set(train.batches.made))


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
    loss = model.evaluate(KerasBatches(batches), verbose=0)[0]
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
                KerasBatches(batches)[number]
        except ValueError as error:
            return str(error).replace(folder, "")
    return ""


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "validated": fit_with_validation(),
                "resumed": fit_and_resume(),
                "made in steps": fit_in_steps(),
                "weighed": weigh_an_evaluation(),
                "broken": meet_a_broken_file(),
            }
        )
    )
