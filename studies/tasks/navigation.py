"""The navigation task with `--model`: the structured planner, or one of the family."""

from __future__ import annotations

import argparse

from mme_ilqr_ros.training.task import Command, TrainingError, TrainingTask, TrainSettings
from mme_ilqr_ros.training.tasks import navigation
from mme_ilqr_ros.training.tasks.navigation import NavigationTask, maze_data
from studies.family import MODELS, STRUCTURED
from studies.tasks.free_kernel import SETTINGS as FREE_KERNEL_SETTINGS
from studies.tasks.free_kernel import (
    FreeKernelTask,
    add_planner_options,
    planner_settings,
    refuse_planner_options,
)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", choices=sorted(MODELS), default=STRUCTURED, help="default %(default)s"
    )
    navigation.COMMAND.add_options(parser)
    add_planner_options(parser)


def _task(options: argparse.Namespace, settings: TrainSettings) -> TrainingTask:
    if options.model == STRUCTURED:
        refuse_planner_options(options)
        return navigation.COMMAND.task(options, settings)
    if options.push != NavigationTask.push:
        raise TrainingError(f"--push is of the structured model, not of {options.model}")
    planner = planner_settings(options)
    return FreeKernelTask(options.model, planner, *maze_data(options, settings.seed))


def _settings(options: argparse.Namespace) -> TrainSettings:
    return TrainSettings() if options.model == STRUCTURED else FREE_KERNEL_SETTINGS


COMMAND = Command(
    "learn to plan from shortest paths in mazes, with any model of the family",
    _add_options,
    _settings,
    _task,
)
