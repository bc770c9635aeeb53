"""Planner and controller in one process, each in a thread and with an executor of its own.

It saves the memory of a process (about 150 MB). Commands are more even with two processes, in which
a long plan and a control cycle do not wait for each other's Python. The nodes have their usual
names, parameters and topics.
"""

from __future__ import annotations

import sys
from functools import partial

from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.nodes.running import run_nodes

main = partial(run_nodes, "navigation", __doc__ or "", (PlannerNode, ControllerNode))

if __name__ == "__main__":
    sys.exit(main())
