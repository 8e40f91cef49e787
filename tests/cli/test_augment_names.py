"""The shell takes TrivialAugment by name, and a preview says what was drawn."""

import json
from collections import Counter

import pandas as pd

from sklmerge import ImageAugmenter, TrivialAugmenter
from sklmerge.plot._copies import caption_params


def test_trivial_augment_varies_the_copies_of_a_folder(run, textures, tmp_path):
    run("balance", textures, tmp_path / "out", "--split", "1", "--augment", "trivial")
    rows = pd.read_csv(tmp_path / "out" / "train" / "metadata.csv")
    drawn = rows.parameters[rows.augmented].map(json.loads)
    operations = Counter(row["operation"] for row in drawn)
    assert len(operations) == 14
    assert max(operations.values()) < 3 * min(operations.values())


def test_trivial_augment_takes_no_ranges(run, textures, tmp_path):
    given = ("--augment", "trivial", "--rotation-range", "5")
    shown = run("preview", textures, *given, "--out", tmp_path / "sheet.png", code=2)
    assert "--augment trivial takes no --rotation-range" in shown.stderr


def test_captions_name_all_that_is_drawn():
    augmenter = ImageAugmenter(
        rotation_range=20,
        crop_range=(0.5, 0.5),
        gamma_range=(2, 2),
        saturation_range=(0.5, 0.5),
        hue_range=(-30, -30),
        noise_std=4,
        blur_sigma=(1, 1),
        erase=1,
    )
    caption = caption_params(augmenter.draw_params(1, 0).to_dicts()[0])
    expected = ("crop 50%", "gamma 2.00", "saturation 0.50", "hue ", "noise 4.00", "blur 1.00")
    for words in (*expected, "rotate ", "erased "):
        assert words in caption
    rows = TrivialAugmenter().draw_params(200, 0).to_dicts()
    captions = {caption_params(row) for row in rows}
    assert {"identity", "autocontrast", "equalize"} <= captions
    assert any(caption.startswith("translate x ") for caption in captions)
