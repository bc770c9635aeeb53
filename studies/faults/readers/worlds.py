"""Worlds whose syntax is right and whose values are not."""

from __future__ import annotations

import copy
from typing import Any

MOST_CHANGES = 8

WORLD: dict[str, Any] = {
    "id": "w",
    "start": [0.0, 0.0, 0.0],
    "goal": [4.0, 0.0],
    "timeout": 50.0,
    "circles": [[2.0, 1.5, 0.3, 0.0, 0.0], [1.0, -1.5, 0.2, 0.1, 0.0]],
    "moving": [{"radius": 0.2, "from": [3.0, 2.0], "to": [3.0, 3.0], "speed": 0.3}],
    "obstacles": [{"radius": 0.2, "keyframes": [[0.0, 2.0, -2.0], [5.0, 2.0, -3.0]]}],
    "walls": [{"center": [2.0, 4.0], "size": [2.0, 0.2], "yaw": 0.3}],
    "map": {"size": [10.0, 12.0], "origin": [-2.0, -6.0], "resolution": 0.5},
    "robot": {"radius": 0.2, "v_max": 1.0, "footprint": [[0.2, 0.1], [-0.2, 0.1], [0.0, -0.2]]},
    "path": [[0.0, 0.0], [4.0, 0.0]],
    "official": {"optimal_time": 3.0},
}
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, -(2**63), 10**30, 10**400, 0.0, -0.0, 1e-320, 1e308),
    *(float("nan"), float("inf"), float("-inf"), "", "a", "cart", "../x", "\0", "1.0", [], {}),
    *([0.0], [0.0, 0.0], [[0.0, 0.0]], [[0.0, 0.0, 0.0]], [[]], [[[]]], {"a": 1}, [{}], [None]),
    *([1e30, 1e30], [[1e9, 1e9, 1.0]], [0.0, 0.0, float("nan")], [[0.0] * 5] * 200, "x" * 3000),
)


def changed_world(data: bytes) -> dict[str, Any]:
    """Return a world with a change of a value or a key for every three bytes."""
    world = copy.deepcopy(WORLD)
    for at in range(min(len(data) // 3, MOST_CHANGES)):
        _change(world, *data[3 * at : 3 * at + 3])
    return world


def _change(world: Any, where: int, deeper: int, value: int) -> None:
    """Change one value of a document, or take it away."""
    holder, key = world, ""
    for choice in (where, deeper, deeper // 7):
        keys: Any = sorted(holder) if isinstance(holder, dict) else range(len(holder))
        if not len(keys):
            break
        key = keys[choice % len(keys)]
        if not isinstance(holder[key], (dict, list)) or choice % 3 == 0:
            break
        holder = holder[key]
    if not len(holder):
        return
    key = key if isinstance(holder, dict) and key in holder else (key if key != "" else 0)
    if isinstance(holder, dict) and key not in holder:
        return
    if isinstance(holder, list) and not (isinstance(key, int) and key < len(holder)):
        key = 0
    if value >= 250:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(VALUES[value % len(VALUES)])
