"""The rules that every run has to keep, each a small function of its trace.

A rule yields what breaks it: the time and a line. A run without that breaks none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from studies.faults.rules import commands, goals, nodes, safety
from studies.faults.trace import Trace

Rule = Callable[[Trace], Iterator[tuple[float, str]]]

RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        commands.finite,
        commands.planar,
        commands.within_speeds,
        commands.forward_within_acceleration,
        commands.turning_within_acceleration,
        commands.in_order,
        commands.keeps_its_rate,
        safety.zero_without_odometry,
        safety.zero_without_scans,
        safety.zero_without_obstacles,
        safety.zero_without_transforms,
        safety.stands_without_commands,
        safety.zero_at_the_end,
        safety.no_avoidable_contact,
        safety.stays_in_limits,
        goals.no_motion_without_a_goal,
        goals.brakes_after_the_end,
        goals.stands_after_the_end,
        goals.ends_once,
        goals.advances_only,
        goals.says_why_it_gave_up,
        goals.is_reached_where_it_is,
        goals.ends_after_the_faults,
        nodes.says_nothing_unexpected,
        nodes.lives,
        nodes.answers,
        nodes.keeps_its_memory,
        nodes.publishes_finite_numbers,
    )
}
"""By name."""


def broken(trace: Trace) -> dict[str, list[tuple[float, str]]]:
    """Return what breaks which rule."""
    found = {name: list(rule(trace)) for name, rule in RULES.items()}
    return {name: cases for name, cases in found.items() if cases}
