"""What holds for all tests."""

import os

from hypothesis import settings

# A busy machine is no reason to fail: timings belong in benchmarks.
settings.register_profile("sklmerge", deadline=None)
settings.load_profile("sklmerge")

# TensorFlow tells about itself on every start, and albumentations asks the network for its version.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
