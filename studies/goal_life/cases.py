"""What happens after a goal's end, or beside it, and whether the robot does as it shall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from action_msgs.msg import GoalStatus
from nav_msgs.msg import Path as PathMessage

from studies.goal_life.rig import GOAL, Rig

REACHED, CANCELLED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED
ABORTED = GoalStatus.STATUS_ABORTED
AWAY = (0.2, 0.4)  # m, where the robot is pushed to
STANDS = 0.003  # m
ASLEEP = 3.0  # s

Case = Callable[[Rig], tuple[bool, float]]
"""Returns whether all went well, and how far the robot moved after the end [m]."""


def _reached(rig: Rig) -> bool:
    rig.send_goal()
    return rig.ends(REACHED) and rig.is_there()


def _after(end: Callable[[Rig], bool], then: Callable[[Rig], object]) -> Case:
    """Return a case: a goal ends, something happens, and the robot has to stand."""

    def run(rig: Rig) -> tuple[bool, float]:
        ended = end(rig)
        then(rig)
        moved = rig.moved()
        return ended and moved < STANDS, moved

    return run


def _cancelled(cancel: Callable[[Rig], object]) -> Callable[[Rig], bool]:
    def end(rig: Rig) -> bool:
        rig.send_goal()
        cancel(rig)
        return rig.ends(CANCELLED)

    return end


def _still_reached(disturb: Callable[[Rig], object]) -> Case:
    """Return a case: something happens while the robot drives, and it arrives all the same."""

    def run(rig: Rig) -> tuple[bool, float]:
        rig.send_goal()
        disturb(rig)
        arrived = rig.ends(REACHED) and rig.is_there()
        return arrived and not {CANCELLED, ABORTED} & set(rig.statuses), 0.0

    return run


def _push(rig: Rig) -> None:
    rig.push(*AWAY)


def _everything(rig: Rig) -> None:
    _push(rig)
    rig.send_everything_again()


def _restart(name: str) -> Callable[[Rig], None]:
    def then(rig: Rig) -> None:
        rig.restart(name)
        _everything(rig)

    return then


def _aborted_by_restart(rig: Rig) -> bool:
    rig.send_goal()
    rig.restart("controller")
    return rig.ends(ABORTED)


def _cancelled_asleep(rig: Rig) -> tuple[bool, float]:
    rig.send_goal()
    rig.suspend("controller")
    rig.call("planner/cancel")
    ended = rig.ends(CANCELLED)
    rig.pause(ASLEEP)
    rig.wake("controller")
    moved = rig.moved()
    return ended and moved < STANDS, moved


def _slept(rig: Rig) -> None:
    rig.suspend("controller")
    rig.pause(ASLEEP)
    rig.wake("controller")


def _resumed(rig: Rig) -> None:
    rig.restart("controller", resume_goal=True)


def _dead_detector(rig: Rig) -> tuple[bool, float]:
    rig.send_goal()
    rig.silence_the_detector()
    rig.pause(0.5)
    rig.push(0.0, 0.0)  # so that the way is long enough to stop on it
    rig.pause(1.5)
    moved = rig.moved()
    rig.call("controller/clear")
    arrived = rig.ends(REACHED) and rig.is_there()
    return arrived and moved < STANDS, moved


def _old_plan(rig: Rig) -> tuple[bool, float]:
    rig.send_plan([(0.0, 0.0), GOAL], age=20.0)
    moved = rig.moved()
    return moved < STANDS and not rig.statuses, moved


def _one_place_elsewhere(rig: Rig) -> None:
    rig.send_plan([(0.0, 1.0)] * 50)


def _one_place_here(rig: Rig) -> None:
    rig.send_plan([rig.state.position] * 50)


CASES: Mapping[str, Case] = {
    "reached, then pushed away": _after(_reached, _push),
    "reached, then pushed, map and plan again": _after(_reached, _everything),
    "reached, then the controller killed and started": _after(_reached, _restart("controller")),
    "reached, then the planner killed and started": _after(_reached, _restart("planner")),
    "cancelled by controller/reset, then map and plan again": _after(
        _cancelled(lambda rig: rig.call("controller/reset")), _everything
    ),
    "cancelled by planner/cancel, then map and plan again": _after(
        _cancelled(lambda rig: rig.call("planner/cancel")), _everything
    ),
    "cancelled by an empty goal, then map and plan again": _after(
        _cancelled(Rig.send_empty_goal), _everything
    ),
    "cancelled by an empty plan, then map and plan again": _after(
        _cancelled(lambda rig: rig.plans.publish(PathMessage())), _everything
    ),
    "cancelled, then the controller killed and started": _after(
        _cancelled(lambda rig: rig.call("planner/cancel")), _restart("controller")
    ),
    "cancelled, then the planner killed and started": _after(
        _cancelled(lambda rig: rig.call("planner/cancel")), _restart("planner")
    ),
    "driving, controller suspended, cancelled by planner/cancel": _cancelled_asleep,
    "driving, controller suspended: arrives": _still_reached(_slept),
    "driving, controller killed and started: aborted": _after(_aborted_by_restart, _everything),
    "driving, controller killed, resume_goal: arrives": _still_reached(_resumed),
    "driving, planner killed and started: arrives": _still_reached(lambda r: r.restart("planner")),
    "driving, a plan with NaN: arrives": _still_reached(
        lambda rig: rig.send_plan([(0.0, 0.0), (math.nan, 0.0)])
    ),
    "driving, a plan of 50 times here: arrives": _still_reached(_one_place_here),
    "driving, a plan of 50 times elsewhere: arrives": _still_reached(_one_place_elsewhere),
    "driving, another hand's plan elsewhere: arrives": _still_reached(
        lambda rig: rig.send_plan([(0.0, 0.0), (0.0, 1.0)])
    ),
    "the detector dies: stands; ~/clear: arrives": _dead_detector,
    "a plan of 20 s ago: not driven": _old_plan,
}
