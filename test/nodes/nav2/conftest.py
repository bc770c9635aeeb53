"""Servers of nav2's actions and their clients, where nav2_msgs is installed."""

import pytest


@pytest.fixture
def stand(bench):
    """Return a function that makes a stand; what it holds is taken down in the end."""
    from action_bench import Stand

    stands = []

    def make(**arguments):
        stands.append(Stand(bench, **arguments))
        return stands[-1]

    yield make
    for made in stands:
        made.close()
