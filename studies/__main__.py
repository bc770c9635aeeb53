"""The entrance of the studies: `python -m studies VERB`; `--help` of each says what it measures."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mme_ilqr_ros import command_line
from mme_ilqr_ros.command_line import Verb

VERBS = {
    "tables": Verb("README and docs say what the kept results say", "studies.tables"),
    "gallery": Verb("the pictures of README and docs, made again", "studies.gallery"),
    "scenarios": Verb("shipped scenarios through the ROS 2 nodes, many runs", "studies.scenarios"),
    "architecture": Verb("draw nodes, folders and topics from the code", "studies.architecture"),
    "peers": Verb("other local controllers in the same worlds", "studies.peers.verb"),
    "irsim": Verb(
        "the package and other drivers as robots of ir-sim, by its lidar alone",
        "studies.referee.irsim_verb",
        "referee",
    ),
    "crowd": Verb(
        "drive among people of navground, who see the robot and answer it",
        "studies.referee.crowd_verb",
        "referee",
    ),
    "ablation": Verb(
        "what each part of the controller adds: one setting changed at a time",
        "studies.ablation.verb",
    ),
    "avoidable": Verb(
        "whether collisions with what moves were avoidable, by search", "studies.avoidable"
    ),
    "perception": Verb(
        "time and memory from a scan to walls, movers and points", "studies.perception"
    ),
    "tracks": Verb("what is followed by a scanner, against the truth", "studies.tracks.verb"),
    "standing": Verb("what a robot that stands plans, with several parameters", "studies.standing"),
    "plan": Verb(
        "global planners on grids: data sets, other planners, other libraries",
        "studies.plan.verb",
    ),
    "solve": Verb("time of a control cycle on the batch backend", "studies.solve_verb", "train"),
    "field": Verb(
        "time of the exact cost-to-go field, its repair and its gradient", "studies.field_verb"
    ),
    "any_angle": Verb(
        "planned paths against the shortest polyline at any angle", "studies.any_angle"
    ),
    "first_plan": Verb(
        "what a robot on a map of millions of cells waits for", "studies.first_plan.verb"
    ),
    "scan_faults": Verb(
        "what scanners and odometry do wrong, through the controller node",
        "studies.scan_faults.verb",
    ),
    "goal_life": Verb(
        "do goals end, and stay ended, whatever happens to robot and nodes",
        "studies.goal_life.verb",
    ),
    "scan_load": Verb(
        "processor time and memory of the controller process by scans", "studies.scan_faults.load"
    ),
    "stop_times": Verb(
        "from the death of a process or an input to a zero command", "studies.stop_times.verb"
    ),
    "node_load": Verb(
        "latency, rate and processor time of the nodes, also while large messages come",
        "studies.node_load.verb",
    ),
    "faults": Verb(
        "faults of messages, processes and files by the million, and rules that must hold",
        "studies.faults.verb",
    ),
    "drives_tutorial": Verb(
        "drive by hand in simulation, learn from it, drive again", "studies.drives_tutorial"
    ),
    "tutorials": Verb("run the commands of the tutorials in docs/", "studies.tutorials"),
    "first_hour": Verb(
        "the way of somebody new, timed: clone, page, picture, then all of their own",
        "studies.first_hour",
    ),
    "tuning_pictures": Verb(
        "the pictures of docs/tuning.md: a symptom, and one parameter changed",
        "studies.tuning_pictures",
    ),
    "own_drives": Verb(
        "what a robot's owner gains from a few drives: places, directions, other maps",
        "studies.own_drives.verb",
    ),
    "live_recording": Verb(
        "a recording of the live view in a browser, as a GIF", "studies.live.recording", "test"
    ),
    "fuzz": Verb("hostile inputs through the local controller", "studies.fuzz_verb"),
    "train": Verb("train planners on tasks of research", "studies.tasks.verb", "train"),
    "compare": Verb(
        "learned costs and baselines without learning", "studies.compare.verb", "train"
    ),
    "train-cost": Verb(
        "time and memory of a training step, explicit and implicit",
        "studies.train_cost.verb",
        "train",
    ),
    "family": Verb(
        "VIN, GPPN, SymVIN and their twins at the papers' budget",
        "studies.experiments.papers_verb",
        "train",
    ),
    "family_curves": Verb(
        "picture: VIN and ID-GPPN before the mends and now",
        "studies.experiments.before_after",
        "train",
    ),
    "picture_mazes": Verb(
        "mazes seen as pictures: 801 x 801 from training at 15 x 15, styles never seen",
        "studies.picture_mazes",
        "train",
    ),
    "long_mazes": Verb(
        "mazes of 101 x 101 by length of path, dead ends, loops and random walls",
        "studies.long_mazes",
        "train",
    ),
    "hard_mazes": Verb(
        "mazes of 30 x 30 with long paths, learned from 1,000 of them",
        "studies.hard_mazes",
        "train",
    ),
    "experiment": Verb(
        "the papers' experiments: navigation, visual, manipulation, runtime, stability",
        "studies.experiments.verb",
        "train",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    return command_line.main(
        "python -m studies",
        "Research beside the package: other libraries, parts left out, the papers' experiments.",
        VERBS,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
