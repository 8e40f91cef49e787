"""A script, run once a backend: trains with Keras and prints what came out as JSON."""

import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

from sklmerge import ClassWeightEstimator

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1, 2], [12, 4, 2])
X = RNG.normal(size=(len(Y), 4)) + Y[:, None]


def train(x, y, loss, n_out, activation, **params):
    layer = keras.layers.Dense(n_out, activation=activation, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(keras.optimizers.SGD(0.3), loss)
    model.fit(x, y, batch_size=len(x), epochs=8, shuffle=False, verbose=0, **params)
    return np.concatenate([w.ravel() for w in model.get_weights()]).tolist()


def compare(y, repeats, *network, target="labels"):
    """Train on weighed classes, on repeated rows, and on neither."""
    weights = ClassWeightEstimator(target=target).fit(y)
    return {
        "class_weight": train(X, y, *network, class_weight=weights.to_keras()),
        "fit_params": train(X, y, *network, **weights.fit_params("keras", y)),
        "sample_weight": train(X, y, *network, sample_weight=weights.transform(y).ravel()),
        "repeated": train(X.repeat(repeats, 0), y.repeat(repeats, 0), *network),
        "plain": train(X, y, *network),
    }


def weigh_pixels():
    """Take the loss of a batch of weighed pixels, from Keras and by hand."""
    masks = RNG.choice(3, size=(4, 5, 7), p=[0.8, 0.15, 0.05])
    images = RNG.normal(size=(4, 5, 7, 2))
    model = keras.Sequential(
        [keras.Input(images.shape[1:]), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    weights = ClassWeightEstimator("log", normalize="max").fit(masks)
    loss = model.evaluate(images, masks, verbose=0, **weights.fit_params("keras", masks))
    right = np.take_along_axis(model.predict(images, verbose=0), masks[..., None], axis=-1)
    return {
        "keras": loss,
        "by hand": float((-np.log(right[..., 0]) * weights.transform(masks)).mean()),
    }


def weigh_outputs():
    """Take the loss of a model of two outputs, from Keras and by hand."""
    kinds, sizes = Y, np.eye(2)[np.repeat([0, 1, 0], [5, 3, 10])].argmax(axis=1)[:, None]
    inputs = keras.Input(X.shape[1:])
    heads = {
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(inputs),
        "size": keras.layers.Dense(2, activation="softmax", name="size")(inputs),
    }
    found = {}
    for manner, outputs, y in (
        ("mapping", heads, {"kind": kinds, "size": sizes}),
        ("list", list(heads.values()), [kinds, sizes]),
    ):
        model = keras.Model(inputs, outputs)
        loss = "sparse_categorical_crossentropy"
        model.compile("sgd", dict.fromkeys(y, loss) if manner == "mapping" else [loss, loss])
        params = ClassWeightEstimator(power=0.5).fit_params("keras", y)
        history = model.fit(X, y, batch_size=len(X), verbose=0, shuffle=False, epochs=1, **params)
        evaluated = model.evaluate(X, y, batch_size=len(X), verbose=0, **params)
        predicted = model.predict(X, verbose=0)
        predicted = [predicted[name] for name in heads] if manner == "mapping" else predicted
        by_hand = 0.0
        for labels, P in zip((kinds, sizes.ravel()), predicted, strict=True):
            counts = np.bincount(labels)
            own = counts**-0.5 * len(labels) / (counts**0.5).sum()
            by_hand += (-np.log(P[np.arange(len(labels)), labels]) * own[labels]).mean()
        total = evaluated[0] if isinstance(evaluated, list) else evaluated
        found[manner] = {"keras": total, "by hand": float(by_hand)}
        assert np.isfinite(history.history["loss"]).all()
    return found


def weigh_data_sets():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[9 * index :][:9], Y[9 * index :][:9]

    found = {"PyDataset": ClassWeightEstimator().fit(Batches()).to_keras()}
    with tempfile.TemporaryDirectory() as folder:
        for name, n_images in {"cat": 2, "dog": 6}.items():
            (Path(folder) / name).mkdir()
            for number in range(n_images):
                keras.utils.save_img(
                    Path(folder) / name / f"{number}.png", np.full((5, 7, 3), number), scale=False
                )
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            generator = tf.keras.preprocessing.image.ImageDataGenerator().flow_from_directory(
                folder
            )
            found["flow_from_directory"] = ClassWeightEstimator().fit(generator).to_keras(generator)
            for mode in ("int", "categorical", "binary"):
                data = keras.utils.image_dataset_from_directory(
                    folder, label_mode=mode, batch_size=3, image_size=(5, 7), verbose=False
                )
                target = "one-hot" if mode == "categorical" else "labels"
                weights = ClassWeightEstimator(target=target).fit(data)
                found[f"image_dataset {mode}"] = weights.to_keras()
    return found


def main():
    thrice = np.repeat([1, 3, 6], [12, 4, 2])
    twice = np.repeat([1, 2], [12, 6])
    binary = (Y[:, None] > 0).astype("float32")
    report = {
        "sparse": compare(Y, thrice, "sparse_categorical_crossentropy", 3, "softmax"),
        "categorical": compare(
            np.eye(3)[Y], thrice, "categorical_crossentropy", 3, "softmax", target="one-hot"
        ),
        "binary": compare(binary, twice, "binary_crossentropy", 1, "sigmoid"),
        "pixels": weigh_pixels(),
        "outputs": weigh_outputs(),
        "data sets": weigh_data_sets(),
    }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
