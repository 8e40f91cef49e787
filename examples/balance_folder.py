"""Merge two classes of a folder, balance its training part, train a model, and take them apart.

The folder is the embedded sample; put that of your own, with one folder per class, in its place.
"""

from pathlib import Path
from tempfile import mkdtemp

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sklmerge import ColorHistogram, HOGFeatures, ImageIndex, balance_folder, separate
from sklmerge.datasets import write_textures

folder = Path(mkdtemp())
write_textures(folder / "photos")

# Grass and gravel count as one class; each copy stays in train, where its source is.
merge = {"ground": ["grass", "gravel"]}
print(balance_folder(folder / "photos", folder / "balanced", merge=merge, max_copies=5))

train, val = ImageIndex(folder / "balanced/train"), ImageIndex(folder / "balanced/val")
features = make_union(HOGFeatures(pixels_per_cell=(16, 16)), ColorHistogram())
model = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=1000))
model.fit(train.read(), train.labels)
accuracy = balanced_accuracy_score(val.labels, model.predict(val.read()))
print(f"balanced accuracy on images without a copy: {accuracy:.3f}")

# The original classes come back, copies included.
print(separate(folder / "balanced", folder / "separated"))
