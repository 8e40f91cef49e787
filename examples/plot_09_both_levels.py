"""
Report merged and original classes, because merging raises scores
=================================================================

This example scores the same predictions of the same model with and without a merge. The accuracy
rises with every merge of classes that the model confuses, although the model does not change.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklmerge import HOGFeatures, MergedClassifier, classification_report_levels
from sklmerge.datasets import load_textures

textures = load_textures()
images, y = textures.images, textures.target
folds = list(StratifiedGroupKFold(4).split(images, y, groups=textures.groups))
merge = {"ground": ["grass", "gravel"]}
model = make_pipeline(HOGFeatures(), StandardScaler(), LogisticRegression(max_iter=1000))

# %%
# Trained on three classes
# ------------------------
predicted = cross_val_predict(model, images, y, cv=folds)
print(classification_report_levels(y, predicted, merge))

# %%
# Trained on merged classes
# -------------------------
# These models predict only merged labels, but the last column still shows which fraction of each
# original class they found. The second merge, of brick and gravel, gets good scores, although most
# of the gravel is not found.
red = {"red": ["brick", "gravel"]}
merged = {
    name: cross_val_predict(MergedClassifier(model, candidate), images, y, cv=folds)
    for name, candidate in {"ground": merge, "red": red}.items()
}
print(classification_report_levels(y, merged["ground"], merge), end="\n\n")
print(classification_report_levels(y, merged["red"], red))

# %%
# As a picture
# ------------
# The report can also return a dict. This plot shows the recalls in it.
fig, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
for ax, (name, candidate) in zip(axes, {"ground": merge, "red": red}.items(), strict=True):
    report = classification_report_levels(y, merged[name], candidate, output_dict=True)
    recalls = report["recall_as_merged"]
    members = candidate[name]
    colors = ["tab:orange" if label in members else "tab:blue" for label in recalls]
    bars = ax.bar(list(recalls), list(recalls.values()), color=colors, width=0.6)
    ax.bar_label(bars, fmt="%.2f")
    level = report["merged"]["balanced_accuracy"]
    ax.set(
        title=f"{name} = {' + '.join(members)}\nbalanced accuracy {level:.2f}",
        ylim=(0, 1.1),
        yticks=np.linspace(0, 1, 5),
    )
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("found as the merged class")
