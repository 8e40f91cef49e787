"""
Two classes as one while augmenting, and apart again
====================================================

160 patches of brick, 60 of grass and 20 of gravel. For what follows, grass and gravel shall count
as one class, *ground*, which is to grow until it is as large as brick. And at the end grass and
gravel shall be told apart again, the varied copies too.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklmerge import AugmentingOverSampler, LabelMerger
from sklmerge.datasets import load_textures

images, labels = load_textures(return_X_y=True)
merger = LabelMerger({"ground": ["grass", "gravel"]}).fit(labels)
print("before:", merger.class_counts_, "as", merger.members_)

# %%
# Grow the merged class
# ---------------------
# With ``merge``, the targets are counted by merged classes: 80 images of ground need 80 copies.
# The labels that come out are the original ones, so nothing is lost on the way.
sampler = AugmentingOverSampler("light", merge=merger, random_state=0)
X, y = sampler.fit_resample(images, labels)
names, counts = np.unique(y, return_counts=True)
print("after:", dict(zip(names.tolist(), counts.tolist(), strict=True)))
print("merged:", np.unique(merger.transform(y), return_counts=True))

# %%
# Copies beside their source
# --------------------------
# ``sample_indices_`` names the source of every row, and ``is_augmented_`` says which rows are
# copies.
rows = []
for label, source in [("grass", 160), ("grass", 190), ("gravel", 220), ("gravel", 235)]:
    of_source = np.flatnonzero(sampler.sample_indices_ == source)
    assert set(y[of_source]) == {label}
    rows.append((f"{label}, image {source}", of_source))

fig, axes = plt.subplots(len(rows), 2, figsize=(5, 7), layout="constrained")
for (name, of_source), (left, right) in zip(rows, axes, strict=True):
    left.imshow(X[of_source[0]], cmap="gray", vmin=0, vmax=255)
    right.imshow(X[of_source[-1]], cmap="gray", vmin=0, vmax=255)
    left.set_title(name)
    right.set_title("its copy")
    for ax in (left, right):
        ax.set_axis_off()

# %%
# Apart again
# -----------
# A model of two classes learns from ``merger.transform(y)``. Whoever needs the original labels of
# merged rows looks them up by their sources; they are checked against the merged labels.
merged = merger.transform(y)
again = merger.inverse_transform(merged, original=labels[sampler.sample_indices_])
print("every row got its class back:", np.array_equal(again, y))
for label in ("grass", "gravel"):
    rows_of_label = again == label
    print(
        f"{label}: {rows_of_label.sum()} rows, {sampler.is_augmented_[rows_of_label].sum()} copies"
    )
