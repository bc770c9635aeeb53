"""What `ros2 param list` and `ros2 param dump` ask of a node, without the detour through DDS."""

import pytest

rclpy = pytest.importorskip("rclpy")

from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.nodes.run_monitor_node import RunMonitorNode
from mme_ilqr_ros.nodes.safety_node import SafetyNode
from mme_ilqr_ros.nodes.simulator_node import SimulatorNode
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.parameters.safety import SafetySettings
from mme_ilqr_ros.parameters.simulation import RunMonitorSettings, SimulatorNodeSettings
from mme_ilqr_ros.settings import flatten, table

NODES = {
    PlannerNode: PlannerNodeSettings,
    ControllerNode: ControllerNodeSettings,
    SimulatorNode: SimulatorNodeSettings,
    RunMonitorNode: RunMonitorSettings,
    SafetyNode: SafetySettings,
}
ROS_PARAMETERS = {"use_sim_time", "start_type_description_service"}


@pytest.mark.parametrize("node_class", NODES, ids=lambda node_class: node_class.__name__)
def test_a_node_lists_and_describes_its_parameters(node_class, ros_domain):
    """A node attribute with a name of rclpy's own, such as `_parameters`, would break this."""
    settings_class = NODES[node_class]
    rows = {row.name: row for row in table(settings_class)}
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = node_class(context=context)
    try:
        names = set(node.list_parameters([], 0).names) - ROS_PARAMETERS
        assert names == set(rows)
        values = {name: node.get_parameter(name).value for name in names}
        defaults = flatten(settings_class())
        # ROS knows no empty list of strings.
        lists = {name: list(v or ("",)) for name, v in defaults.items() if isinstance(v, tuple)}
        assert values == defaults | lists
        for name in names:
            assert rows[name].doc in node.describe_parameter(name).description
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
