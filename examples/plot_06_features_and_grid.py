"""
Features, merge and weights in one grid search
==============================================

A few hundred images need no network: HOG features and a linear model are often enough. With
``output="original"``, every candidate is scored on the same original labels. So one grid search can
compare merge maps and powers of the weights.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import (
    ClassWeightedClassifier,
    ClassWeightEstimator,
    HOGFeatures,
    LBPFeatures,
    MergedClassifier,
)
from sklmerge.datasets import load_textures

textures = load_textures()
folds = list(
    StratifiedGroupKFold(4).split(textures.images, textures.target, groups=textures.groups)
)

# %%
# Two stages with different features
# ----------------------------------
# The first stage uses gradients to separate the merged classes. The refiner uses local binary
# patterns to separate the original classes within a merged class. All features are computed once,
# before the search, and each stage selects its own columns.
gradients = HOGFeatures(pixels_per_cell=(16, 16)).fit_transform(textures.images)
patterns = LBPFeatures().fit_transform(textures.images)
X = np.hstack([gradients, patterns])


def make_stage(columns):
    return make_pipeline(
        make_column_transformer((StandardScaler(), columns)),
        ClassWeightedClassifier(LogisticRegression(max_iter=1000), ClassWeightEstimator()),
    )


n = gradients.shape[1]
model = MergedClassifier(
    make_stage(slice(0, n)), refiner=make_stage(slice(n, None)), output="original"
)

# %%
# The search
# ----------
merges = {
    "none": None,
    "grass + gravel": {"ground": ["grass", "gravel"]},
    "brick + gravel": {"red": ["brick", "gravel"]},
    "brick + grass": {"common": ["brick", "grass"]},
}
powers = [0.0, 0.5, 1.0]
grid = {
    "merge": list(merges.values()),
    "estimator__classweightedclassifier__weighting__power": powers,
}
search = GridSearchCV(model, grid, scoring="balanced_accuracy", cv=folds, refit=False).fit(
    X, textures.target
)

scores = np.zeros((len(merges), len(powers)))
places = list(merges.values())
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    power = params["estimator__classweightedclassifier__weighting__power"]
    scores[places.index(params["merge"]), powers.index(power)] = score

fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
image = ax.imshow(scores, cmap="cividis", aspect="auto")
for (row, column), score in np.ndenumerate(scores):
    dark = score < scores.mean()
    ax.text(column, row, f"{score:.2f}", ha="center", va="center", color="w" if dark else "k")
ax.set_xticks(range(len(powers)), powers)
ax.set_yticks(range(len(merges)), list(merges))
ax.set(
    xlabel="power of the weights", ylabel="merged first", title="balanced accuracy, three classes"
)

# %%
# Whatever the power of the weights, it is best to merge grass and gravel first and to separate them
# by their patterns.
print("best merge:", list(merges)[int(scores.max(axis=1).argmax())])

# %%
# Was it the merge?
# -----------------
# Without a merge there is no refiner, so the candidates without a merge did not use the patterns.
# For a fair comparison, also give the patterns to a single model of three classes:
for name, columns in {
    "gradients": slice(0, n),
    "patterns": slice(n, None),
    "both": slice(0, None),
}.items():
    score = cross_val_score(
        make_stage(columns), X, textures.target, cv=folds, scoring="balanced_accuracy"
    )
    print(f"one model, {name:9} {score.mean():.2f}")

# %%
# The patterns improved the score, not the merge. The patterns alone separate all three classes, so
# no merge is needed here. Use a merge and a refiner if no single set of features is best for all
# classes. A comparison like this one shows whether you need them.
