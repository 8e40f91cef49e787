"""How Sphinx builds the documentation."""

import os
from pathlib import Path

import sklmerge

# One backend for all examples of the gallery, which share a process.
os.environ.setdefault("KERAS_BACKEND", "torch")

project = "sklmerge"
author = "the sklmerge developers"
copyright = "2026, the sklmerge developers"
version = release = sklmerge.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
# With -W, a name or an anchor that leads nowhere fails the build.
nitpicky = True
html_theme = "furo"
html_title = f"sklmerge {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
pygments_dark_style = "github-dark"

# Code gets a button, printed output none; prompts and what follows them stay out of the clipboard.
copybutton_selector = "div:not(.highlight-text):not(.highlight-none) > div.highlight > pre"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "code"
autodoc_typehints = "none"

# Types of parameters link to their pages, on request alone: a build must not fail where there is no
# network. INTERSPHINX is a folder that may hold inventories, such as numpy.inv; others are fetched.
if inventories := os.environ.get("INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        name: (url, (str(Path(inventories).resolve() / f"{name}.inv"), None))
        for name, url in {
            "python": "https://docs.python.org/3",
            "numpy": "https://numpy.org/doc/stable",
            "pandas": "https://pandas.pydata.org/docs",
            "matplotlib": "https://matplotlib.org/stable",
        }.items()
    }
    numpydoc_xref_param_type = True
    numpydoc_xref_ignore = "all"
    numpydoc_xref_aliases = {
        **{name: f"sklmerge.{name}" for name in sklmerge.__all__},
        "Generator": "numpy.random.Generator",
        "RandomState": "numpy.random.RandomState",
        "Series": "pandas.Series",
        "DataFrame": "pandas.DataFrame",
        "matplotlib.axes.Axes": "matplotlib.axes.Axes",
        "matplotlib.figure.Figure": "matplotlib.figure.Figure",
    }

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    # An example that has not changed may still be broken by a change in the library.
    "run_stale_examples": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),
    "doc_module": ("sklmerge",),
    "backreferences_dir": None,
}
