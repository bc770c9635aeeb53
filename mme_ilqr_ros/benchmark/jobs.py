"""Many independent tasks, in this process, in several, or on a Dask cluster, and their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.progress_bar import ProgressBar

R = TypeVar("R")


def add_job_arguments(add: Callable[..., Any]) -> None:
    """Add the arguments that say how often and where: --trials, --seed, --jobs, --scheduler."""
    add("--trials", type=positive_int, default=1, metavar="N", help="runs of every world (1)")
    add("--seed", type=whole, default=0, metavar="S", help="seed of the first trial (0); then +1")
    add("--jobs", type=positive_int, default=1, metavar="J", help="processes (1)")
    add("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler that gets the jobs")


def run_all(
    function: Callable[..., R],
    tasks: Sequence[tuple],
    line: Callable[[R], str],
    bad: Callable[[R], bool],
    jobs: int = 1,
    scheduler: str = "",
) -> Iterator[R]:
    """Yield `function(*task)` for every task, in the order of the tasks, and show the progress.

    Args:
        function: Depends on its arguments only, so where it runs makes no difference.
        tasks: Arguments; they and the results must be picklable.
        line: Returns what to write about a result.
        bad: Returns whether to write it on a terminal too.
        jobs: Processes on this machine; 1 stays in this process.
        scheduler: Address of a Dask scheduler, whose workers then run all of it; empty for none.

    Raises:
        InputError: There is no Dask, or no scheduler at this address.
    """
    with ExitStack() as stack:
        if scheduler:
            stack.enter_context(_connected(scheduler))
            config = parallel_config(backend="dask", n_jobs=-1)
        else:  # one thread a process: small matrices gain nothing from more
            config = parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1)
        stack.enter_context(config)
        progress = stack.enter_context(ProgressBar(len(tasks)))
        for result in Parallel(return_as="generator")(delayed(function)(*task) for task in tasks):
            progress.step(line(result), bad(result))
            yield result


def _connected(address: str) -> Any:
    """Return a client of a Dask scheduler."""
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("--scheduler needs Dask: pip install 'mme_ilqr_ros[cluster]'") from error
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--scheduler {address}: no scheduler there: {reason:.200}") from error
