"""Which keys a world has: a misspelt one is refused, one that nothing reads is said."""

from __future__ import annotations

import difflib
from typing import Any

from mme_ilqr_ros.simulation.world_file import Keys


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# By block, "" for the world itself; those of `moving` and the like are of each of their blocks.
READ: dict[str, frozenset[str]] = {
    "": _words(
        "id name description start goal goal_tolerance timeout robot map circles cylinders"
        " obstacles moving walls path reference_path official family barn_index"
    ),
    "map": _words("file size origin resolution"),
    "robot": _words("name radius footprint v_min v_max w_max a_max aw_max"),
    "official": _words("optimal_time"),
    "moving": _words("radius from to speed"),
    "obstacles": _words("radius keyframes duration loop"),
    "walls": _words("center size yaw mirror"),
}
# What benchmark data sets say beside that; it changes nothing, and everybody knows.
FACTS: dict[str, frozenset[str]] = {
    "": _words("source n_containment bottleneck_radius metrics_recomputed"),
    "robot": _words("inscribed_radius circumscribed_radius max_speed"),
    "official": _words("path_length path_length_start_m2"),
    "moving": _words("name"),
    "obstacles": _words("name length"),
    "walls": _words("name"),
}
ALIKE = 0.7  # of difflib; `centre` and `center` have 0.83, `note` and `name` 0.5


def check_keys(keys: Keys) -> list[str]:
    """Return the keys of a world, and of the blocks in it, that nothing reads.

    Raises:
        ScenarioError: One resembles a key that is read, and is not known itself.
    """
    unknown = _unknown(keys, "")
    for name in READ.keys() - {""}:
        for block in _blocks(keys, name):
            unknown += _unknown(block, name)
    return sorted(set(unknown))


def _blocks(keys: Keys, name: str) -> list[Keys]:
    """Return the blocks under a key; rows and wrong values are not looked at here."""
    value: Any = keys.values.get(name)
    if isinstance(value, dict):
        return [keys.block(name)]
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return keys.blocks(name)
    return []


def _unknown(keys: Keys, name: str) -> list[str]:
    known = READ[name] | FACTS.get(name, frozenset())
    unknown = [str(key) for key in keys.values if key not in known]
    for key in unknown:
        near = difflib.get_close_matches(key, READ[name], n=1, cutoff=ALIKE)
        if near:
            raise keys.error(key, f"is unknown; did you mean '{near[0]}'?")
    return [f"{name}.{key}" if name else key for key in unknown]
