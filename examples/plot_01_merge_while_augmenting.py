"""
Two classes as one while augmenting, and apart again
====================================================

160 patches of brick, 60 of grass and 20 of gravel. For what follows, grass and gravel shall count
as one class, *ground*, which is to grow until it is as large as brick. And at the end grass and
gravel shall be told apart again, the varied copies too.
"""

import numpy as np

from sklmerge import AugmentationDisplay, AugmentingOverSampler, ClassBalanceDisplay, LabelMerger
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
print("merged:", np.unique(merger.transform(y), return_counts=True))
ClassBalanceDisplay.from_estimator(sampler, labels)

# %%
# Copies beside their source
# --------------------------
# A framed source to the left, and to its right what ``"light"`` makes of it.
AugmentationDisplay.from_estimator("light", images, labels, classes=["grass", "gravel"])

# %%
# Apart again
# -----------
# A model of two classes learns from ``merger.transform(y)``. Whoever needs the original labels of
# merged rows looks them up by their sources: ``sample_indices_`` names the source of every row, and
# ``is_augmented_`` says which rows are copies. They are checked against the merged labels.
merged = merger.transform(y)
again = merger.inverse_transform(merged, original=labels[sampler.sample_indices_])
print("every row got its class back:", np.array_equal(again, y))
for label in ("grass", "gravel"):
    rows_of_label = again == label
    print(
        f"{label}: {rows_of_label.sum()} rows, {sampler.is_augmented_[rows_of_label].sum()} copies"
    )
