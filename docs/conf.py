"""Sphinx: the pages of this folder, and the reference from docstrings, as a site (`make docs`).

The source folder is the repository, so that a link that works in a checkout works on the site.
Nothing is loaded from elsewhere: the site and its search work offline.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from pages import as_restructured, with_contents, without_folders, write_reference  # noqa: E402

project = "mme_ilqr_ros"
release = ElementTree.parse(HERE.parent / "package.xml").findtext("version")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "CHANGELOG.rst",
    "docs/**",
    "config/**.md",
    "examples/**.md",
    "requirements/*.md",
]
exclude_patterns = [".*", "build", "install", "log", "out", "dist", "**/__pycache__"]
myst_heading_anchors = 4
default_role = "literal"  # `x` in a docstring
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = html_show_sourcelink = html_show_copyright = False
html_additional_pages = {"index": "redirect.html"}
templates_path = ["templates"]
copybutton_prompt_text = "$ "


def _page(app, docname, source):
    if docname == root_doc:
        source[0] = with_contents(source[0])
    source[0] = without_folders(source[0], (HERE.parent / docname).parent)


def _docstring(app, what, name, obj, options, lines):
    lines[:] = as_restructured(lines)
    if what in ("attribute", "property"):
        lines.insert(0, "")  # or napoleon takes what stands before a colon for a type


def setup(app):
    """Connect what `pages` does."""
    write_reference(HERE / "reference")
    app.connect("source-read", _page)
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon
