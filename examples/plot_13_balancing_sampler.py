"""
Resample every class to the same number of images
=================================================

Oversampling 20 images to 160 makes seven copies of each image. Undersampling 160 images to 20
leaves seven of eight images unused. :class:`~sklmerge.BalancingSampler` resamples every class to
any number in between: the common classes lose some images, and the rare class gains augmented
copies. In an imbalanced-learn pipeline, only training rows are resampled, and a grid search can
tune the number.
"""

import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from sklmerge import BalancingSampler, LBPFeatures
from sklmerge.datasets import load_textures

textures = load_textures()
X, y, groups = textures.images, textures.target, textures.groups
names, counts = np.unique(y, return_counts=True)
print("images:", dict(zip(names.tolist(), counts.tolist(), strict=True)))

# %%
# Down and up in one step
# -----------------------
# ``max_copies`` limits how often one image is copied. Use class weights for the imbalance that
# remains. ``sample_indices_`` contains the source of each new row, so you can look up the group of
# each new row.
middle = int(np.median(counts))
sampler = BalancingSampler(middle, augmenter="light", max_copies=3, random_state=0)
X_new, y_new = sampler.fit_resample(X, y)
is_copy = sampler.is_augmented_
kept = [np.count_nonzero((y_new == name) & ~is_copy) for name in names]
copies = [np.count_nonzero((y_new == name) & is_copy) for name in names]
print("groups of the new rows:", len(np.unique(groups[sampler.sample_indices_])))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
places = np.arange(len(names))
ax.barh(places, counts, color="0.85", label="given")
ax.barh(places, kept, height=0.4, label="kept")
ax.barh(places, copies, height=0.4, left=kept, label="augmented copies")
ax.axvline(middle, color="0.3", linestyle=":")
ax.set(yticks=places, yticklabels=names, xlabel="images")
ax.legend()

# %%
# Some copies, each next to its source:
fig, axes = plt.subplots(2, 5, figsize=(8, 3), layout="constrained")
for column, row in zip(axes.T, np.flatnonzero(is_copy)[:5], strict=True):
    for ax, image in zip(column, (X[sampler.sample_indices_[row]], X_new[row]), strict=True):
        ax.imshow(image, cmap="grey")
        ax.axis("off")

# %%
# Choose the number by validation
# -------------------------------
# Test folds contain only original images, and images of one group stay in one fold.
pipeline = make_pipeline(
    BalancingSampler(augmenter="light", random_state=0),
    LBPFeatures(),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
search = GridSearchCV(
    pipeline,
    {"balancingsampler__samples_per_class": ["natural", "minority", middle, "majority"]},
    scoring="balanced_accuracy",
    cv=StratifiedGroupKFold(3),
).fit(X, y, groups=groups)
for choice, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{choice['balancingsampler__samples_per_class']!s:10}{score:.3f}")

# %%
# Local patterns separate these textures without any resampling. Augmented copies only do harm here,
# because their patterns differ slightly from those of the original photographs. More images are not
# always better, so include ``"natural"`` when you search over the number.

plt.show()
