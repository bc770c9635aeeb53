"""How a run ended: its judge, and its result as a row of `summary.json` and as a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.rows import percentiles_ms
from mme_ilqr_ros.reporting.run_record import Floats, RunRecord

LAST = 10.0  # [s] before the end in which a robot that stands must have said so
DRIVING = "driving"  # how the controller's status begins while nothing is wrong
STOOD = "stood or circled at the end"  # what it is to be stuck, see `RunJudge`
STANDS = 0.02  # of full speed
NEAR = (0.05, 0.10)  # [m] from the robot's edge to the nearest thing: near it


class Outcome(Enum):
    """How a run ended; the values are the words of the benchmark's result rows."""

    SUCCESS = "success"
    COLLISION = "collision"
    TIMEOUT = "timeout"
    STUCK = "stuck"

    @property
    def words(self) -> str:
        """The outcome, with what it means where its name does not say it."""
        return f"{self.value} ({STOOD})" if self is Outcome.STUCK else self.value


class RunJudge:
    """Watches one run, state by state, and names its outcome once.

    A run is a success when the robot's centre comes within the tolerance of the goal, a collision
    when it touches something, and a timeout when neither happened in time.

    It is stuck when it found no new place for `stuck_time`. The judge keeps a list of visited
    places: the first position, and then every position that lies at least `new_place_distance`
    from all places visited before. Only a new place restarts the clock. So a robot that trembles
    inside such a ball, swings between two old places or drives the same loop over and over makes
    no progress, however far its wheels turn; and one that creeps forward does.
    """

    def __init__(
        self,
        goal: Pose,
        goal_tolerance: float,
        timeout: float,
        stuck_time: float = 20.0,
        new_place_distance: float = 0.1,
    ) -> None:
        """Start a run whose clock begins with the first `update`.

        Args:
            goal: Where the robot has to go; the heading does not matter.
            goal_tolerance: Distance at which the goal counts as reached [m].
            timeout: Longest time a run may take [s].
            stuck_time: Time without a new place after which the robot is stuck [s].
            new_place_distance: How far a new place lies from all visited ones [m].
        """
        self._goal = goal
        self._goal_tolerance = goal_tolerance
        self._timeout = timeout
        self._stuck_time = stuck_time
        self._new_place_distance = new_place_distance
        self._start_time = math.nan
        self._progress_time = 0.0
        self._places = np.empty((0, 2))
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended, or None while it goes on."""
        return self._outcome

    def update(self, time: float, x: float, y: float, collided: bool) -> Outcome | None:
        """Take the next state; return the outcome, or None while the run goes on.

        Args:
            time: Time of the state [s], not before the last one.
            x: Position of the robot's centre [m].
            y: Position of the robot's centre [m].
            collided: True when the robot touches something.
        """
        if math.isnan(self._start_time):
            self._start_time = self._progress_time = time
        if self._outcome is None:
            self._note_place(time, x, y)
            self._outcome = self._judge(time, time - self._start_time, x, y, collided)
        return self._outcome

    def _judge(
        self, time: float, elapsed: float, x: float, y: float, collided: bool
    ) -> Outcome | None:
        if collided:
            return Outcome.COLLISION
        if math.hypot(x - self._goal.x, y - self._goal.y) <= self._goal_tolerance:
            return Outcome.SUCCESS
        if elapsed >= self._timeout:
            return Outcome.TIMEOUT
        if time - self._progress_time >= self._stuck_time:
            return Outcome.STUCK
        return None

    def _note_place(self, time: float, x: float, y: float) -> None:
        place = np.array([x, y])
        distances = np.hypot(*(self._places - place).T)
        if np.all(distances >= self._new_place_distance):
            self._places = np.vstack([self._places, place])
            self._progress_time = time


@dataclass(frozen=True)
class RunResult:
    """What one run came to.

    Attributes:
        world: Name of the scenario or world.
        outcome: How it ended.
        time: From the first to the last state [s].
        path_length: Length of the driven path [m].
        min_clearance: Least distance between robot and obstacles [m]; inf when never measured.
        control_cycles: Number of commands.
        solve_times: Time per control cycle [s].
        plan_times: Time per global plan [s].
        deadline_misses: Control cycles that took longer than the control period.
        mode_switches: How often another mode took over.
        way_changes: How often the homotopy class of the driven plan changed; None if unknown.
        flips: Way changes less than a second after the one before; None if unknown.
        trial: Number of the repetition.
        seed: Seed of the run.
        score: Navigation score where the world has an optimal time, else None.
        near: [N, 2] clearance [m] and speed as a fraction of the top speed, while it moves.
        turn_change: Mean change of the commanded turning rate [rad/s^2]; None if unknown.
        last_words: What the controller said in the last 10 s; empty if unknown.
        shortest: Length of the shortest way for who knows the whole world [m]; None if unknown.
    """

    world: str
    outcome: Outcome
    time: float
    path_length: float
    min_clearance: float
    control_cycles: int
    solve_times: Sequence[float] = field(repr=False)
    plan_times: Sequence[float] = field(repr=False)
    deadline_misses: int = 0
    mode_switches: int = 0
    way_changes: int | None = None
    flips: int | None = None
    trial: int = 0
    seed: int = 0
    score: float | None = None
    near: Floats = field(default_factory=lambda: np.empty((0, 2)), repr=False, compare=False)
    turn_change: float | None = None
    last_words: tuple[str, ...] = ()
    shortest: float | None = None

    @classmethod
    def of(
        cls,
        record: RunRecord,
        world: str,
        outcome: Outcome,
        trial: int = 0,
        seed: int = 0,
        top_speed: float = math.inf,
    ) -> RunResult:
        """Return the result of a finished run; without a top speed [m/s], without `near`."""
        near = record.clearances / [1.0, top_speed]
        near = near[near[:, 1] > STANDS]  # who stands beside a wall does not drive slowly past it
        return cls(
            world=world,
            outcome=outcome,
            time=record.duration,
            path_length=record.path_length,
            min_clearance=record.min_clearance,
            control_cycles=record.control_cycles,
            solve_times=tuple(record.solve_times),
            plan_times=tuple(record.plan_times),
            deadline_misses=record.deadline_misses,
            mode_switches=record.mode_switches,
            way_changes=record.way_changes,
            flips=record.flips,
            trial=trial,
            seed=seed,
            near=near if math.isfinite(top_speed) else near[:0],
            turn_change=record.turn_change,
            last_words=record.last_words(LAST),
        )

    @property
    def speed_near(self) -> float | None:
        """Median speed at 5 to 10 cm from the nearest thing, as a fraction; None without such."""
        return speed_near([self])

    @property
    def detour(self) -> float | None:
        """How many times as far as the shortest way it drove to its goal; None if unknown."""
        if not self.shortest or self.outcome is not Outcome.SUCCESS:
            return None
        return self.path_length / self.shortest

    @property
    def said_driving(self) -> bool:
        """Whether it did not arrive and still said that it drives, in the last 10 s."""
        on_the_way = self.outcome in (Outcome.TIMEOUT, Outcome.STUCK)
        return on_the_way and any(words.startswith(DRIVING) for words in self.last_words)

    @property
    def solve_ms(self) -> dict[str, float | None]:
        """Median, 95th percentile and maximum of the solve times [ms]; None when there are none."""
        return percentiles_ms(self.solve_times, (50, 95, 100), digits=3)

    @property
    def plan_ms(self) -> dict[str, float | None]:
        """Median and maximum of the planning times [ms]; None when there are none."""
        return percentiles_ms(self.plan_times, (50, 100), digits=3)

    def row(self) -> dict:
        """Return the run row of the benchmark's `drive` summary, ready for JSON."""
        return {
            "world": self.world,
            "trial": self.trial,
            "seed": self.seed,
            "outcome": self.outcome.value,
            "time_s": round(self.time, 3),
            "path_length_m": round(self.path_length, 3),
            "min_clearance_m": _finite_or_none(self.min_clearance),
            "score": self.score,
            "control_cycles": self.control_cycles,
            "solve_ms": self.solve_ms,
            "plan_ms": self.plan_ms,
            "deadline_misses": self.deadline_misses,
            "mode_switches": self.mode_switches,
            "way_changes": self.way_changes,
            "flips": self.flips,
            "speed_near": self.speed_near,
            "turn_change_rad_s2": None if self.turn_change is None else round(self.turn_change, 3),
            "shortest_m": None if self.shortest is None else round(self.shortest, 3),
            "said": self.last_words[-1] if self.last_words else None,
        }

    def to_json(self) -> str:
        """Return the row as JSON text, with a line end."""
        return json.dumps(self.row(), indent=2, allow_nan=False) + "\n"

    def line(self) -> str:
        """Return the run in one line."""
        said = ""
        if self.outcome is Outcome.STUCK and self.last_words:
            said = f"; the controller said '{self.last_words[-1]}'"
        return f"{self.world}: {self.outcome.value} after {', '.join(self.facts())}{said}"

    def facts(self) -> list[str]:
        """Return the run's main figures as short texts, those that are known."""
        facts = [f"{self.time:.1f} s", f"{self.path_length:.2f} m driven"]
        if math.isfinite(self.min_clearance):
            facts.append(f"clearance {self.min_clearance:.2f} m")
        if self.solve_times:
            facts.append(f"solve {self.solve_ms['median']:.1f} ms median")
        if self.outcome is Outcome.STUCK:
            facts.append(STOOD)
        if self.mode_switches:
            facts.append(f"{self.mode_switches} plan switch{'es' * (self.mode_switches > 1)}")
        return facts


def speed_near(results: Iterable[RunResult]) -> float | None:
    """Return the median speed at 5 to 10 cm from something, of all moments in which they move."""
    moments = np.vstack([np.empty((0, 2)), *(result.near for result in results)])
    clearance, speed = moments.T
    close = speed[(clearance >= NEAR[0]) & (clearance < NEAR[1])]
    return round(float(np.median(close)), 3) if len(close) else None


def _finite_or_none(metres: float) -> float | None:
    return round(metres, 3) if math.isfinite(metres) else None
