"""A script, run once a backend: how far networks of Keras are from the balanced posterior."""

import json

import keras
import numpy as np

from sklmerge import adjust_prior, logit_offsets

RNG = np.random.default_rng(0)
CODES = RNG.choice(3, 4000, p=[0.85, 0.1, 0.05])
X = RNG.normal(2.0 * CODES, 1.0)[:, None].astype("float32")
DENSITY = np.exp(-((X - np.array([0.0, 2.0, 4.0])) ** 2) / 2)
BALANCED = DENSITY / DENSITY.sum(axis=1, keepdims=True)
COUNTS = np.bincount(CODES)


def train(loss):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.1), loss)
    model.fit(X, CODES, batch_size=len(X), epochs=400, shuffle=False, verbose=0)
    return keras.ops.convert_to_numpy(keras.ops.softmax(model(X)))


def balanced_softmax(codes, logits):
    offsets = keras.ops.cast(logit_offsets(COUNTS), logits.dtype)
    return keras.losses.sparse_categorical_crossentropy(codes, logits - offsets, from_logits=True)


plain = train(keras.losses.SparseCategoricalCrossentropy(from_logits=True))
found = {
    "plain": plain,
    "at prediction": adjust_prior(plain, COUNTS),
    "in the loss": train(balanced_softmax),
}
print(json.dumps({name: float(np.abs(P - BALANCED).mean()) for name, P in found.items()}))
