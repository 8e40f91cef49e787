"""
Which classes should be merged?
===============================

Merge classes if they mean the same to the people who use the predictions, and if a classifier
cannot tell them apart. ``MergeAdvisor`` predicts every image by cross-validation and joins the
most confused classes first. It also lists the confused images of each pair of classes, because
some of these images may have wrong labels.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import HOGFeatures, MergeAdvisor, MergeDisplay
from sklmerge.datasets import load_textures

textures = load_textures()
images, y = textures.images, textures.target
folds = list(StratifiedGroupKFold(4).split(images, y, groups=textures.groups))

# %%
# Use a simple model
# ------------------
model = make_pipeline(HOGFeatures(), StandardScaler(), LogisticRegression(max_iter=1000))
advisor = MergeAdvisor(model, cv=folds).fit(images, y)
print(advisor.suggestion_)

# %%
# Cross-validated confusion
# -------------------------
# Brick is never confused, and most of the gravel is predicted as grass. A frame marks the merged
# class, and the tree shows which classes are joined first. The joins to the left of the dashed
# line are suggested.
MergeDisplay.from_estimator(advisor)

# %%
# Look before you merge
# ---------------------
# These are the confused images of the most confused pair of classes. If their labels are wrong,
# correct the labels. If the difference between the classes matters to the user, look for features
# that show it, as in :ref:`sphx_glr_gallery_plot_06_features_and_grid.py`.
pair = advisor.ambiguous_pairs_[0]
print(f"{pair.first} and {pair.second}: {len(pair.sample_indices)} images were taken for the other")
fig, axes = plt.subplots(2, 5, figsize=(8, 2.8), layout="constrained")
for row, label in zip(axes, (pair.first, pair.second), strict=True):
    of_label = pair.sample_indices[y[pair.sample_indices] == label]
    for ax, index in zip(row, of_label, strict=False):
        ax.imshow(images[index], cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"{label}, image {index}", fontsize=9)
    for ax in row:
        ax.set_axis_off()

# %%
# The map is ready to use
# -----------------------
print(advisor.merge_)
print(advisor.to_merger().fit(y).class_indices_)
