"""
A supplementary layer for a network that predicts merged classes
================================================================

A small Keras network learns to tell brick from ground, a merged class of grass and gravel. The
output of its last hidden layer is the input of a second model, which tells grass from gravel.
`LabelMerger` combines the predictions of both models. The example runs in seconds with the
TensorFlow and the torch backend.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import LabelMerger, classification_report_levels
from sklmerge.datasets import load_textures

keras.utils.set_random_seed(0)
textures = load_textures()
images = textures.images[..., None].astype("float32") / 255
y = textures.target
# Neighbours in a photograph stay in one part of the split.
train, test = next(StratifiedGroupKFold(3).split(images, y, groups=textures.groups))

# %%
# A network that predicts merged classes
# --------------------------------------
# The merger encodes labels for the loss. The guide on weights explains how to add class weights.
merger = LabelMerger({"ground": ["grass", "gravel"]}).fit(y[train])

inputs = keras.Input(images.shape[1:])
hidden = inputs
for filters in (8, 16, 32):
    hidden = keras.layers.Conv2D(filters, 3, strides=2, use_bias=False)(hidden)
    hidden = keras.layers.BatchNormalization(momentum=0.8)(hidden)
    hidden = keras.layers.Activation("relu")(hidden)
embedding = keras.layers.GlobalAveragePooling2D()(hidden)
outputs = keras.layers.Dense(merger.n_classes_, activation="softmax")(embedding)
network = keras.Model(inputs, outputs)
network.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
network.fit(images[train], merger.encode(y[train]), epochs=20, batch_size=32, verbose=0)

P_merged = network.predict(images[test], verbose=0)
print(classification_report_levels(y[test], merger.decode(P_merged), merger, level="merged"))

# %%
# A second model on the network's features
# ----------------------------------------
# The second model is trained only on images of the merged class, without augmentation and with
# their original labels.
features = keras.Model(inputs, embedding)
members = merger.members_["ground"]
own = train[np.isin(y[train], members)]
refiner = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
refiner.fit(features.predict(images[own], verbose=0), y[own])

P_within = refiner.predict_proba(features.predict(images[test], verbose=0))

# %%
# The network does not know that there are two kinds of ground, but its features still show some of
# the difference. The plot shows the two directions in which the features of test images differ
# most.
points = PCA(2).fit_transform(features.predict(images[test], verbose=0))
fig, ax = plt.subplots(figsize=(5, 3.6), layout="constrained")
for label, marker in zip(merger.classes_, "os^", strict=True):
    ax.scatter(*points[y[test] == label].T, marker=marker, alpha=0.7, label=label)
ax.legend(frameon=False)
ax.set(xticks=[], yticks=[], xlabel="first component", ylabel="second component")

# %%
# Combine both predictions
# ------------------------
# P(gravel | x) = P(ground | x) P(gravel | ground, x). Without the second model, the merger can
# only divide the probability of ground in proportion to the training frequencies, so gravel is
# never predicted.
for name, given in {"by frequency": None, "by the second model": {"ground": P_within}}.items():
    P = merger.inverse_transform_proba(P_merged, given=given)
    predicted = merger.classes_[P.argmax(axis=1)]
    print(f"{name}: balanced accuracy {balanced_accuracy_score(y[test], predicted):.2f}")
