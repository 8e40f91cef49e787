"""Vary photographs of gravel, write what was drawn beside them, and make the same copies again."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

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

with TemporaryDirectory() as folder:
    params = augmenter.draw_params(len(gravel), random_state=0)
    varied = augmenter.apply(gravel, params)
    for number, (image, row) in enumerate(zip(varied, params.to_dicts(), strict=True)):
        path = Path(folder) / f"gravel_{number:02d}.png"
        path.write_bytes(encode_image(image, "png"))
        path.with_suffix(".json").write_text(json.dumps(row))

    rows = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    again = augmenter.apply(gravel, AugmentationParams.from_dicts(rows))
    print(f"{len(rows)} copies, the same again: {np.array_equal(varied, again)}")
