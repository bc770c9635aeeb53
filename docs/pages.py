"""What the site is made of beside the pages: its table of contents, and the API reference.

Used by `conf.py`; needs no Sphinx.
"""

import re
from pathlib import Path

PACKAGE = "mme_ilqr_ros"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE
PAGES = {
    "navigation": ("navigator",),
    "control": ("controller", "situation", "result", "settings", "robots", "extensions"),
    "control/costs": ("term",),
    "control/samplers": ("sampling",),
    "control/kernel": ("protocol",),
    "planning": ("planner", "settings", "result", "replanner", "route"),
    "planning/field": ("field", "solve"),
    "habits": ("reading", "cutting", "learn", "settings"),
    "perception": ("perception", "scan", "seen", "settings"),
    "geometry": ("pose", "grid_map", "map_file", "path", "distance_field"),
    "models": ("robot_model",),
    "simulation": ("scenario", "simulator", "world", "robot", "settings"),
    "reporting": ("result", "run_record", "pictures"),
}
"""Folders with a page of the reference; the modules that callers use come first."""


def with_contents(index: str) -> str:
    """Return docs/index.md with a table of contents, from the links in lists under its headings.

    So the page is written once, as plain Markdown that can be read without the site.
    """
    parts = re.split(r"^## (.*)$", index, flags=re.MULTILINE)
    for caption, text in zip(parts[1::2], parts[2::2], strict=True):
        links = re.findall(r"^- \[(.*?)\]\(([^)#]+)\)", text, re.MULTILINE)
        if caption == "Reference":
            links += [(dotted(package), f"reference/{file_of(package)}") for package in PAGES]
        listed = "\n".join(f"{title.replace('`', '')} <{page}>" for title, page in links)
        index += f"\n```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{listed}\n```\n"
    return index


def without_folders(text: str, folder: Path) -> str:
    """Return a page of a folder whose links to folders are plain text: a site has none to show."""

    def unlinked(match: re.Match[str]) -> str:
        return match[1] if (folder / match[2]).is_dir() else match[0]

    return re.sub(r"\[([^\[\]]*)\]\(([^)\s#:]+)\)", unlinked, text)


def write_reference(folder: Path) -> None:
    """Write one reStructuredText page a package; those that have not changed stay untouched."""
    folder.mkdir(exist_ok=True)
    wanted = {file_of(name): page(name) for name in PAGES}
    for path in set(folder.glob("*.rst")):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def file_of(package: str) -> str:
    """Return the file name of a package's page."""
    return package.replace("/", "_") + ".rst"


def dotted(package: str) -> str:
    """Return the name of a package below ours, such as "control.costs" of "control/costs"."""
    return package.replace("/", ".")


def page(package: str) -> str:
    """Return the page of a package, such as "control/costs"."""
    name = f"{PACKAGE}.{dotted(package)}"
    text = _headed(dotted(package), "=") + f".. automodule:: {name}\n   :no-members:\n\n"
    for module in modules(package):
        text += _headed(module, "-") + f".. automodule:: {name}.{module}\n\n"
    return text


def modules(package: str) -> list[str]:
    """Return the modules of a package, those that callers use first.

    Raises:
        ValueError: PAGES names a module that is not there.
    """
    first = PAGES[package]
    found = {path.stem for path in (ROOT / package).glob("[!_]*.py")}
    if missing := set(first) - found:
        raise ValueError(f"docs/pages.py: {package} has no {', '.join(sorted(missing))}")
    return [*first, *sorted(found - set(first))]


def _headed(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n\n"


def as_restructured(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with equations and values returned marked as such."""
    return _equations(_returned(lines))


def _equations(lines: list[str]) -> list[str]:
    """Mark the indented lines that are no section as literal."""
    marked: list[str] = []
    is_before = False  # the last text was neither indented nor the heading of a section
    for line in lines:
        is_indented = line.startswith("    ")
        if is_before and is_indented and marked[-1] == "":
            marked += ["::", ""]
        if line:
            is_before = not is_indented and not re.fullmatch(r"\w+:", line)
        marked.append(line)
    return marked


def _returned(lines: list[str]) -> list[str]:
    """Make a list of the values of a tuple, `name: text` each, under `Returns:`."""
    if "Returns:" not in lines:
        return lines
    start = lines.index("Returns:") + 1
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    named = [re.fullmatch(r"    (\w+): (.*)", line) for line in lines[start:end]]
    if sum(match is not None for match in named) < 2:
        return lines
    listed = [
        f"    * **{match[1]}** \N{EN DASH} {match[2]}" if match else f"      {line.strip()}"
        for match, line in zip(named, lines[start:end], strict=True)
    ]
    return [*lines[:start], "    A tuple of", "", *listed, *lines[end:]]
