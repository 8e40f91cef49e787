"""
How large should the weight of a rare class be?
===============================================

There is no single right weight. This example plots the weights that several rules give to 500
images of one class and a million of another. Then it chooses a weight for a rare texture by
cross-validation.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import ClassWeightDisplay, ClassWeightedClassifier, ClassWeightEstimator
from sklmerge.datasets import load_textures

# %%
# The rules side by side
# ----------------------
# The three classes have 500, 20,000 and a million images.
schemes = {
    "balanced": ClassWeightEstimator(),
    "balanced, max_ratio 50": ClassWeightEstimator(max_ratio=50),
    "balanced, power 0.5": ClassWeightEstimator(power=0.5),
    "effective, beta 0.9999": ClassWeightEstimator("effective", beta=0.9999),
    "log": ClassWeightEstimator("log"),
}
counts = {"rare": 500, "some": 20_000, "common": 1_000_000}
ClassWeightDisplay.from_counts(counts, schemes)

# %%
# The ratio is the weight of an image of the rarest class divided by the weight of an image of the
# largest class. The share is the part of the total weight that belongs to the 500 images of the
# rarest class.
for name, scheme in schemes.items():
    weight = scheme.fit_counts(counts).class_weight_
    total = sum(n * weight[label] for label, n in counts.items())
    ratio, share = weight["rare"] / weight["common"], counts["rare"] * weight["rare"] / total
    print(f"{name:24}{ratio:7,.0f} : 1, share {share:6.1%}")

# %%
# Choose by validation
# --------------------
# ``ClassWeightedClassifier`` computes the weights from the labels of each training part. The power
# of the weights is a parameter that you can tune. This model uses only the mean and standard
# deviation of the grey levels, so gravel is hard to find.
textures = load_textures()
X = np.column_stack([textures.images.mean(axis=(1, 2)), textures.images.std(axis=(1, 2))])
y = textures.target
folds = list(StratifiedGroupKFold(4).split(X, y, groups=textures.groups))

model = make_pipeline(
    StandardScaler(), ClassWeightedClassifier(LogisticRegression(C=10), ClassWeightEstimator())
)
powers = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
scores = ["accuracy", "balanced_accuracy", "neg_log_loss"]
search = GridSearchCV(
    model,
    {"classweightedclassifier__weighting__power": powers},
    scoring=scores,
    refit=False,
    cv=folds,
).fit(X, y)

fig, axes = plt.subplots(1, 3, figsize=(8, 2.8), layout="constrained")
for ax, score in zip(axes, scores, strict=True):
    mean = search.cv_results_[f"mean_test_{score}"]
    ax.plot(powers, mean, marker="o")
    ax.plot(powers[mean.argmax()], mean.max(), marker="o", markersize=11, color="tab:orange")
    ax.set(title=score, xlabel="power", xticks=powers[::2])
    ax.spines[["top", "right"]].set_visible(False)

# %%
# Accuracy and log loss are best with small weights, because they count every image equally.
# Balanced accuracy counts every class equally, so it is best with large weights. Choose the metric
# first, then the weight.
