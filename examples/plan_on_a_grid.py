"""The planner alone, on the map of a real building: the cost-to-go of every cell, and three paths.

    python -m examples.plan_on_a_grid [picture.png]

No ROS. One solved field serves every start: the second and third path only follow it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanResult
from mme_ilqr_ros.resources import share_path

GOAL = (22.3, 1.4)  # m, in the map frame
STARTS = ((9.0, 13.0), (1.5, 7.5), (28.0, 13.5))


def draw(grid: GridMap, results: list[PlanResult], picture: Path) -> None:
    """Draw walls, cost-to-go and paths; the depot's map frame is not turned."""
    left, bottom = grid.origin.x, grid.origin.y
    width, height = grid.width * grid.resolution, grid.height * grid.resolution
    extent = (left, left + width, bottom, bottom + height)
    figure = Figure(figsize=(10.0, 5.1), layout="constrained")
    axes = figure.subplots()
    cost = np.ma.masked_invalid(results[0].cost_to_go.values)
    shown = axes.imshow(cost, origin="lower", extent=extent, cmap="viridis_r")
    walls = np.ma.masked_equal(grid.occupied, False)
    axes.imshow(walls, origin="lower", extent=extent, cmap="gray", vmin=0, vmax=2)
    for result in results:
        axes.plot(*result.path.points.T, color="tab:red", linewidth=2.0)
        axes.plot(*result.path.points[0], "o", color="tab:red")
    axes.plot(*GOAL, "*", color="white", markersize=16, markeredgecolor="black")
    figure.colorbar(shown, ax=axes, shrink=0.9, label="cost-to-go [m of cost 1]")
    axes.set(xlabel="x [m]", ylabel="y [m]", title="depot: cost-to-go and three paths to one goal")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)


def main(picture: Path = Path("out", "examples", "plan_on_a_grid.png")) -> None:
    """Plan from three starts and draw."""
    grid = load_map(share_path("config", "maps", "depot.yaml"))
    planner = GlobalPlanner(PlannerSettings(robot_radius=0.22))
    planner.warm_up()
    results = []
    for start in STARTS:
        result = planner.plan(grid, start, GOAL)
        print(
            f"from {start}: {result.status.value}, {result.length:.2f} m; field"
            f" {1e3 * result.field_time:.1f} ms, path {1e3 * result.path_time:.1f} ms,"
            f" residual {result.residual:.0e}, fallback {'yes' if result.fallback_used else 'no'}"
        )
        results.append(result)
    draw(grid, results, picture)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
