"""The planner node with learned habits and with lanes: layers are bound by name, or waited for."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from nav_msgs.msg import OccupancyGrid
from test_planner_node import Stand, slow_below, warnings_of
from test_planning_on_evidence import Stand as OnEvidence
from test_planning_on_evidence import seen

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.planning.habits import Fingerprint, Habits
from mme_ilqr_ros.planning.pace import Pace
from mme_ilqr_ros.planning.weights import save_weights

FLOOR = GridMap.empty(6.0, 4.0, 0.1)


def floor_message():
    return convert.occupancy_message(FLOOR, convert.stamp_of(0.0), "map")


def habits(path, grid=FLOOR, places=None, pace=None, **features):
    """Write weights that dislike what layers or places say; return the file."""
    shape = (4, 6) if places is None else places.shape
    learned = Habits(
        Fingerprint.of(grid),
        walls=np.zeros(shape),
        places=np.zeros(shape) if places is None else places,
        places_error=np.ones(shape),
        block=1.0,
        features={name: np.array(term) for name, term in features.items()},
        sides=np.zeros(2),
        directions=np.zeros((4, *shape)),
        n_drives=1,
        pace=pace,
    )
    learned.save(path)
    return str(path)


def test_a_layer_of_the_weights_is_the_topic_of_its_name_and_waited_for(bench, log, tmp_path):
    weights = habits(tmp_path / "mine.safetensors", wet_floor=[0.0, 2.3])
    node = bench.add(PlannerNode, weights=weights, map_patience=0.2)
    bench.publisher(OccupancyGrid, "map", LATCHED).publish(floor_message())
    said = "no mask on '/wet_floor' yet, a layer that the weights need"
    assert bench.spin_until(lambda: said in warnings_of(log))
    assert not node.is_ready
    bench.remove(node)
    bench.publisher(OccupancyGrid, "wet_floor", LATCHED).publish(slow_below())
    stand = Stand(bench, FLOOR, kind="id_vin", weights=weights)
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() > 2.7


def test_habits_of_another_map_are_said(bench, capfd, tmp_path):
    other = GridMap.empty(9.0, 4.0, 0.1)
    weights = habits(tmp_path / "mine.safetensors", other, np.ones((4, 6)))
    stand = Stand(bench, FLOOR, kind="id_vin", weights=weights)
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() < 1.2
    assert "learned on another map" in capfd.readouterr().err


def test_places_are_laid_over_what_was_seen(bench, tmp_path):
    known = GridMap.empty(6.0, 6.0, 0.1, Pose(-1.0, -3.0, 0.0))
    disliked = np.zeros((6, 6))
    disliked[2:4, 2:4] = 2.0  # round (2, 0), between the robot and its goal
    weights = habits(tmp_path / "mine.safetensors", known, disliked)
    stand = OnEvidence(bench, kind="id_vin", weights=weights)
    stand.map.publish(convert.occupancy_message(known, stand.stamp(), "map"))
    stand.see(seen())
    stand.send_goal(4.0, 0.0)
    assert np.abs(stand.path().points[:, 1]).max() > 0.8


def test_the_pace_is_that_of_the_hour_of_the_clock(bench, tmp_path):
    slow = np.zeros((24, 4, 6))
    slow[:, :2, 2:4] = 2.0  # at any hour, but not where the hour is unknown
    hourly = Pace(1.0, np.zeros((4, 6)), slow, np.ones((4, 6)), np.ones(4))
    weights = habits(tmp_path / "mine.safetensors", pace=hourly)
    stand = Stand(bench, FLOOR, kind="id_vin", weights=weights)
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() > 1.8


@pytest.mark.parametrize("kind", ["terrain", "lanes"])
def test_weights_whose_layers_have_no_names_are_refused(bench, tmp_path, kind):
    file = tmp_path / "w.safetensors"
    save_weights(file, {"head": np.zeros(3)}, {"kind": kind})
    with pytest.raises(InputError, match=f"weights of kind '{kind}'; this planner takes"):
        bench.add(PlannerNode, weights=str(file))


def test_a_file_of_lanes_leads_the_plan(bench, capfd, tmp_path):
    file = tmp_path / "lanes.yaml"
    lines = ["{name: floor, line: [[6, 1], [0, 1]], width: 3.0, factor: 20}"]
    lines += ["{name: far, line: [[90, 1], [80, 1]], width: 2.0}"]
    file.write_text("lanes:\n" + "".join(f"- {line}\n" for line in lines))
    stand = Stand(bench, FLOOR, lanes_file=str(file))
    stand.send_goal(5.0, 1.0)
    assert stand.plan().points[:, 1].max() > 2.4
    assert "lanes_file: 'far' lies off the map; it has no effect" in capfd.readouterr().err


def test_a_broken_file_of_lanes_is_refused_in_one_line(bench, tmp_path):
    (tmp_path / "lanes.yaml").write_text("lanes: 3")
    with pytest.raises(InputError, match="must hold a list 'lanes'"):
        bench.add(PlannerNode, lanes_file=str(tmp_path / "lanes.yaml"))
