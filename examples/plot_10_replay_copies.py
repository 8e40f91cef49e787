"""
Save the random parameters, and replay them
===========================================

The random parameters are drawn separately from augmenting the images. If you save them with the
copies, they record what was done to each copy. You can also use them to make the same copies
again, bit for bit.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from sklmerge import AugmentationParams, ImageAugmenter
from sklmerge.datasets import load_textures
from sklmerge.images import encode_image

images, labels = load_textures(return_X_y=True)
gravel = images[labels == "gravel"]
augmenter = ImageAugmenter(
    rotation_range=180,
    crop_range=(0.6, 1),
    brightness_range=(0.8, 1.2),
    blur_sigma=0.8,
    erase=0.2,
    fill_mode="reflect",
)

# %%
# Draw, augment, write
# --------------------
with TemporaryDirectory() as folder:
    params = augmenter.draw_params(len(gravel), random_state=0)
    varied = augmenter.apply(gravel, params)
    for number, (image, row) in enumerate(zip(varied, params.to_dicts(), strict=True)):
        path = Path(folder) / f"gravel_{number:02d}.png"
        path.write_bytes(encode_image(image, "png"))
        path.with_suffix(".json").write_text(json.dumps(row))

    rows = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
print({name: round(value, 2) for name, value in rows[0].items()})

# %%
# Read, and augment again
# -----------------------
again = augmenter.apply(gravel, AugmentationParams.from_dicts(rows))
print(f"{len(rows)} copies, the same again: {np.array_equal(varied, again)}")

fig, axes = plt.subplots(3, 6, figsize=(8, 3.2), layout="constrained")
for column, ax in zip(range(6), axes.T, strict=True):
    for part, image in zip(ax, (gravel[column], varied[column], again[column]), strict=True):
        part.imshow(image, cmap="gray", vmin=0, vmax=255)
        part.set(xticks=[], yticks=[])
for ax, name in zip(axes[:, 0], ("source", "copy", "again"), strict=True):
    ax.set_ylabel(name)
