"""
Merge two classes while augmenting, and separate them again
===========================================================

The sample data has 160 patches of brick, 60 of grass and 20 of gravel. This example merges grass
and gravel into one class, *ground*, and oversamples *ground* until it is as large as brick. Then
it recovers the original labels of all rows, including the augmented copies.
"""

import numpy as np

from sklmerge import AugmentationDisplay, AugmentingOverSampler, ClassBalanceDisplay, LabelMerger
from sklmerge.datasets import load_textures

images, labels = load_textures(return_X_y=True)
merger = LabelMerger({"ground": ["grass", "gravel"]}).fit(labels)
print("before:", merger.class_counts_, "as", merger.members_)

# %%
# Oversample the merged class
# ---------------------------
# With ``merge``, the sampler balances the merged classes: ground has 80 images and gets 80 copies.
# The output still has the original labels, so nothing is lost.
sampler = AugmentingOverSampler("light", merge=merger, random_state=0)
X, y = sampler.fit_resample(images, labels)
print("merged:", np.unique(merger.transform(y), return_counts=True))
ClassBalanceDisplay.from_estimator(sampler, labels)

# %%
# Copies next to their source
# ---------------------------
# Each row shows a source image in a frame. To its right are copies, augmented by ``"light"``.
AugmentationDisplay.from_estimator("light", images, labels, classes=["grass", "gravel"])

# %%
# Recover the original labels
# ---------------------------
# To train a model of two classes, use ``merger.transform(y)``. To recover the original labels of
# the merged rows, look up the source of each row in ``sample_indices_``. ``is_augmented_`` marks
# the copies. ``inverse_transform`` checks the original labels against the merged labels.
merged = merger.transform(y)
again = merger.inverse_transform(merged, original=labels[sampler.sample_indices_])
print("every row has its original class:", np.array_equal(again, y))
for label in ("grass", "gravel"):
    rows_of_label = again == label
    print(
        f"{label}: {rows_of_label.sum()} rows, {sampler.is_augmented_[rows_of_label].sum()} copies"
    )
