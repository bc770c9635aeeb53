"""The entrance of the package: `mme-ilqr VERB`, or `python -m mme_ilqr_ros VERB` in a checkout.

A verb's module is loaded when its name is given, so `--help` needs none of their libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mme_ilqr_ros import command_line
from mme_ilqr_ros.command_line import Verb

ABOUT = """\
Learned global planning and multimodal local control (MME-iLQR) for mobile robots with ROS 2.
`%(prog)s VERB --help` explains a verb, with examples.
"""
EXAMPLES = """\
examples:
  ROS 2 nodes drive to a goal:          %(prog)s sim --scenario forest
  a page to click and drag in, no ROS:  %(prog)s live
  the same without ROS, and faster:     %(prog)s drive --worlds forest --out out/drive
  a parameter file to change:           %(prog)s params > mine.yaml
  with your own parameters and goal:    %(prog)s sim --params mine.yaml --goal "5 2"
"""
VERBS = {
    "sim": Verb("drive a scenario to its goal with ROS 2 nodes", "mme_ilqr_ros.bringup.verb"),
    "live": Verb(
        "drive a scenario in a browser without ROS: click, drag, switch, tune",
        "mme_ilqr_ros.live.verb",
    ),
    "drive": Verb(
        "drive many worlds without ROS: success, collisions, times, scores",
        "mme_ilqr_ros.benchmark.drive_verb",
    ),
    "worlds": Verb(
        "make worlds to drive: docks, corridors, dead ends, crossings, robots of any size",
        "mme_ilqr_ros.benchmark.worlds_verb",
    ),
    "plan": Verb(
        "plan on grid maps: success, path length, time", "mme_ilqr_ros.benchmark.plan.verb"
    ),
    "solve": Verb("time a control cycle, and the cost it reaches", "mme_ilqr_ros.benchmark.solve"),
    "train": Verb(
        "learn the planner's cost from your drives, or anew", "mme_ilqr_ros.training.entrance"
    ),
    "warm_up": Verb("compile beforehand what the nodes need", "mme_ilqr_ros.warm_up"),
    "params": Verb("print every parameter with its default", "mme_ilqr_ros.parameters.verb"),
    "node": Verb("run one ROS 2 node, as `ros2 run` does", "mme_ilqr_ros.nodes.verb"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    script = "mme-ilqr"
    prog = script if Path(sys.argv[0]).name == script else "python -m mme_ilqr_ros"
    return command_line.main(prog, ABOUT, VERBS, arguments, EXAMPLES)


if __name__ == "__main__":
    sys.exit(main())
