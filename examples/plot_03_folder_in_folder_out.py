"""
A folder in, a balanced folder out
==================================

Merge two classes of a folder, balance its training part with augmented copies on disk, train a
model on the result, and restore the original classes. The folder is the sample data set; you can
use any folder with one folder of images per class.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sklmerge import (
    ClassBalanceDisplay,
    ColorHistogram,
    HOGFeatures,
    ImageIndex,
    balance_folder,
    separate,
)
from sklmerge.balance import audit_split
from sklmerge.datasets import write_textures

keep = TemporaryDirectory()  # deleted at the end; use your own path to keep the files
folder = Path(keep.name)
write_textures(folder / "photos")

# %%
# Merge, split, oversample
# ------------------------
# Grass and gravel count as one class. A fifth of each original class is set aside for validation
# before any copy is made, and no image gets more than five copies.
report = balance_folder(
    folder / "photos",
    folder / "balanced",
    merge={"ground": ["grass", "gravel"]},
    max_copies=5,
)
print(report)
ClassBalanceDisplay.from_report(report)

# %%
# A file name consists of the original class, the name of the source, and the number of the copy.
for path in sorted((folder / "balanced/train/ground").iterdir())[:4]:
    print(path.name)
print(audit_split(folder / "balanced/train", folder / "balanced/val"))

# %%
# Train on one part, test on the other
# ------------------------------------
train, val = ImageIndex(folder / "balanced/train"), ImageIndex(folder / "balanced/val")
features = make_union(HOGFeatures(pixels_per_cell=(16, 16)), ColorHistogram())
model = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=1000))
model.fit(train.read(), train.labels)
accuracy = balanced_accuracy_score(val.labels, model.predict(val.read()))
print(f"balanced accuracy on images without a copy: {accuracy:.3f}")

# %%
# Restore the original classes
# ----------------------------
# Each copy goes to the class of its source.
print(separate(folder / "balanced", folder / "separated"))
keep.cleanup()
