"""The guide names a counterpart for every parameter of Keras' function for folders."""

import inspect
import re
from pathlib import Path

import tensorflow as tf

from sklmerge import batches_from_directory

GUIDE = Path(__file__).parents[2] / "docs" / "migration_keras.md"


def test_every_parameter_of_keras_has_a_counterpart_or_a_reason():
    table = GUIDE.read_text().partition("| image_dataset_from_directory |")[2].partition("\n\n")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()[2:]]
    ours = {}
    for theirs, counterpart, *remarks in rows:
        assert counterpart != "none" or remarks[0]
        for name in re.findall(r"`(\w+)`", theirs):
            ours[name] = name if counterpart == "the same" else counterpart.strip("`")
    keras = inspect.signature(tf.keras.utils.image_dataset_from_directory).parameters
    # Older versions of Keras have fewer.
    assert set(keras) <= set(ours)
    assert set(ours.values()) - {"none"} <= set(
        inspect.signature(batches_from_directory).parameters
    )
