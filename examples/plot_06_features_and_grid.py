"""
Features, merge and weights in one grid search
==============================================

A few hundred images need no network: histograms of gradients and a linear model are often enough.
With ``output="original"``, every candidate is scored on the same original labels, so a grid search
can compare merges, together with the power of the weights.
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
# The first stage uses gradients to tell the merged classes apart. The refiner uses local binary
# patterns to tell the members of a merged class apart. Features are computed once, before the
# search; each stage selects its own columns.
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
# Merging grass and gravel first, and telling them apart by their patterns, is best for all weights.
print("best merge:", list(merges)[int(scores.max(axis=1).argmax())])

# %%
# Was it the merge?
# -----------------
# Without a merge nothing is refined, so those candidates did not use the patterns. For a fair
# comparison, give them to a single model of three classes, too:
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
# It was the patterns: they alone tell all three classes apart, and no merge is needed here. Use a
# merge and a refiner if no single set of features is best for all classes; a comparison like this
# one shows whether that is so.
