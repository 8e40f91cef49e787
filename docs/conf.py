"""How Sphinx builds the documentation."""

import sklmerge

project = "sklmerge"
author = "the sklmerge developers"
copyright = "2026, the sklmerge developers"
version = release = sklmerge.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"sklmerge {version}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "code"
autodoc_typehints = "none"
