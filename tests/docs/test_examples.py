"""Every example is a page of the gallery; building the documentation runs it, so no test does."""

import ast
import re
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_numbered_and_begins_with_a_title(example):
    assert re.fullmatch(r"plot_\d\d_[a-z_]+", example.stem)
    title, line = ast.get_docstring(ast.parse(example.read_text())).splitlines()[:2]
    assert line == "=" * len(title)


def test_the_gallery_has_at_least_eight_examples():
    assert len(EXAMPLES) >= 8
