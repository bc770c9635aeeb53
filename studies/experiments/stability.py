"""The study of stability: does a trained planner converge, and what do further iterations change?

Five planners learn the same mazes: an unrolled one, an implicit one, the latter with a penalty on
its Jacobian, and the first two made decision processes, which cannot but contract. Each is then
probed by `probes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.reporting.rows import table as markdown
from studies.experiments.planners import ADAM, DISCOUNT, SMALL, TINY, is_implicit
from studies.experiments.probes import MULTIPLES, Probes
from studies.experiments.study import Case, Row, Study, file_name, grouped, mean_and_spread
from studies.experiments.trained import trained

VARIANTS = {
    "vin": ("--model", "vin"),
    "id_vin": ("--model", "id_vin"),
    "id_vin, Jacobian penalty": ("--model", "id_vin", "--jacobian-weight", "1"),
    "vin, MDP": ("--model", "vin", *DISCOUNT),
    "id_vin, MDP": ("--model", "id_vin", *DISCOUNT, "--iterations", "300"),
}
COLOURS = dict(zip(VARIANTS, ("#E69F00", "#D55E00", "#0072B2", "#CC79A7", "#009E73"), strict=True))
SOLVES = ("--tolerance", "1e-3", "--adjoint-tolerance", "1e-3", "--iterations", "100")

# Variants, seeds, size, mazes to learn from, to probe and to test on, caps, tolerances, options.
PRESETS = {
    "smallest": (
        ("vin", "id_vin"),
        1,
        9,
        64,
        4,
        8,
        (1, 4),
        (1e-1, 1e-2),
        ("--epochs", "1", *ADAM, "--validations", "1", *TINY["vin"]),
    ),
    "quick": (
        tuple(VARIANTS),
        1,
        15,
        4000,
        16,
        100,
        (1, 2, 5, 10, 20, 50, 100, 200, 400),
        (1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
        ("--epochs", "6", *SMALL["vin"], *ADAM, "--validations", "4"),
    ),
    "paper": (
        tuple(VARIANTS),
        3,
        15,
        10_000,
        32,
        500,
        (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
        (1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
        (),
    ),
}


def cases(preset: str, device: str) -> list[Case]:
    """Return a case for each variant and seed."""
    variants, seeds, size, maps, probed, tests, caps, tolerances, options = PRESETS[preset]
    return [
        Case(
            file_name(f"{variant}_seed{seed}"),
            {
                "variant": variant,
                "seed": seed,
                "size": size,
                "probed": probed,
                "tests": tests,
                "caps": list(caps),
                "tolerances": list(tolerances),
                "training": [
                    *("navigation", "--size", str(size), "--maps", str(maps), *options),
                    *(SOLVES if is_implicit(variant) else ()),
                    *VARIANTS[variant],
                    *("--seed", str(seed), "--device", device),
                ],
            },
        )
        for variant in variants
        for seed in range(seeds)
    ]


def measure(case: Case, folder: Path) -> list[Row]:
    """Train a planner and probe it."""
    facts = case.facts
    training = trained(facts["training"], folder)
    probes = Probes(training.task, training.model, facts["size"], facts["probed"])
    points = probes.success_against_iterations(facts["tests"])
    points += probes.forward_residuals(facts["caps"])
    if training.task.planner.adjoint == "implicit":
        points += probes.backward_residuals(facts["caps"])
        points += probes.tolerances(facts["tolerances"])
    of = {"variant": facts["variant"], "seed": facts["seed"]}
    return [{**of, "curve": p.curve, "x": p.x, "y": p.y} for p in points]


def table(rows: Sequence[Row]) -> str:
    """Return a line for each variant: success by iterations, and the last of each other curve."""
    columns = {
        "planner": "{planner}",
        **{f"success % x{m:g}": f"{{success[x{m:g}]:.1f}}" for m in MULTIPLES},
    }
    ends = {
        "forward residual left": "forward residual",
        "backward residual left": "backward residual",
        "gradient error at 1e-3": "gradient error",
    }
    columns |= {head: f"{{{curve}:.0e}}" for head, curve in ends.items()}
    lines = []
    for (variant,), group in grouped(rows, "variant").items():
        curves = {curve: _means(points) for (curve,), points in grouped(group, "curve").items()}
        line: Row = {"planner": variant}
        line["success"] = {f"x{m:g}": curves["success"][m][0] for m in MULTIPLES}
        for name in ends.values():
            points = curves.get(name, {})
            x = 1e-3 if name == "gradient error" else max(points, default=None)
            line[name] = points[x][0] if x in points else None
        lines.append(line)
    return markdown(lines, columns)


PANELS = (
    ("forward residual", "iterations", "residual, of the first", True),
    ("backward residual", "iterations of the adjoint", "residual, of the first", True),
    ("gradient error", "tolerance of both solves", "error of the gradient, relative", True),
    ("success", "test iterations, of those in training", "starts that arrive [%]", False),
)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the four curves of every variant; of several seeds mean and spread."""
    figure = Figure(figsize=(9.6, 7.0))
    FigureCanvasAgg(figure)
    for ax, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        _draw_panel(ax, [row for row in rows if row["curve"] == panel[0]], *panel[1:])
    figure.axes[-1].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _draw_panel(ax: Axes, rows: Sequence[Row], x_label: str, y_label: str, log: bool) -> None:
    for (variant,), group in grouped(rows, "variant").items():
        points = _means(group)
        x = sorted(points)
        mean, spread = zip(*(points[k] for k in x), strict=True)
        ax.errorbar(
            x, mean, yerr=spread, fmt="o-", ms=3.5, capsize=2, label=variant, color=COLOURS[variant]
        )
    ax.set(xlabel=x_label, ylabel=y_label, xscale="log", yscale="log" if log else "linear")
    if not log:
        ax.set_xticks(MULTIPLES, [f"x {multiple:g}" for multiple in MULTIPLES])
        ax.set_xticks([], minor=True)
        ax.set_ylim(bottom=0.0)
    ax.grid(alpha=0.3)


def _means(rows: Sequence[Row]) -> dict[float, tuple[float, float]]:
    """Return mean and spread of y over seeds, by x."""
    return {
        x: mean_and_spread([row["y"] for row in group])
        for (x,), group in grouped(rows, "x").items()
    }


STUDY = Study(
    "residuals forward and backward, tolerances, and success when iterating on",
    cases,
    measure,
    table,
    draw,
)
