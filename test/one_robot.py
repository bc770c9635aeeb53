"""Kernels and the algorithm for one robot, without the axis of robots."""

from dataclasses import fields, replace

import numpy as np

from mme_ilqr_ros.control.kernel import CompiledKernel
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr


def _first(result):
    values = {f.name: getattr(result, f.name)[0] for f in fields(result)}
    return replace(result, **values)


def _only(policies):
    return replace(policies, **{f.name: getattr(policies, f.name)[None] for f in fields(policies)})


class OneRobot:
    """A kernel whose arrays begin with [N]."""

    def __init__(self, kernel):
        self.kernel, self.problem, self.group = kernel, kernel.problem, kernel.group

    def policies(self, x0, U, data):
        return _first(self.kernel.policies(np.asarray(x0)[None], np.asarray(U)[None], [data]))

    def optimise(self, x0, U, data, iterations, deadline=None):
        given = np.asarray(x0)[None], np.asarray(U)[None], [data]
        return _first(self.kernel.optimise(*given, iterations, deadline))

    def sample(self, policies, sources, white, temperature, rho, data):
        given = np.asarray(sources)[None], white[None], temperature, rho, [data]
        return self.kernel.sample(_only(policies), *given)[0]

    def distances(self, X, data):
        return self.kernel.distances(X[None], [data])[0]


def one_robot(problem, backend="numba", dtype=np.float64):
    """Return the compiled kernel for one robot."""
    return OneRobot(CompiledKernel(problem, backend, dtype))


class OneRobotSolver(MmeIlqr):
    """The algorithm for one robot."""

    def __init__(self, kernel, settings, seed):
        super().__init__(getattr(kernel, "kernel", kernel), settings, [seed])

    def cycle(self, x0, data, elapsed, required, deadline=None):
        return super().cycle(np.asarray(x0)[None], [data], elapsed, required, deadline)[0]
