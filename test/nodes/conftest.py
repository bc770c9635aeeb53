"""A bench for nodes: one process, one executor, a ROS domain of its own per test."""

import time

import pytest

try:
    import rclpy
    from rcl_interfaces.msg import Log
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter

    from mme_ilqr_ros.nodes.node import STANDARD
except ImportError:  # every test file here skips itself
    STANDARD = None


def holds(predicate):
    """Return whether something is true; what asks for a message that has not come is not."""
    try:
        return bool(predicate())
    except IndexError:
        return False


class Bench:
    """Holds the nodes under test and one node of its own that talks to them."""

    def __init__(self, domain):
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.node = rclpy.create_node("bench", context=self.context)
        self.executor.add_node(self.node)
        self.nodes = [self.node]

    def add(self, node_class, **parameters):
        """Make a node under test; `scan__beams` stands for the parameter `scan.beams`."""
        overrides = [
            Parameter(name.replace("__", "."), value=value) for name, value in parameters.items()
        ]
        node = node_class(context=self.context, parameter_overrides=overrides)
        self.executor.add_node(node)
        self.nodes.append(node)
        return node

    def remove(self, node):
        """Take a node down, as if its process had been killed."""
        self.executor.remove_node(node)
        self.nodes.remove(node)
        node.destroy_node()

    def collect(self, kind, topic, profile=STANDARD):
        """Return the list that every message of a topic will be added to."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, profile)
        return messages

    def publisher(self, kind, topic, profile=STANDARD):
        """Return a publisher of the bench."""
        return self.node.create_publisher(kind, topic, profile)

    def connect(self, *publishers):
        """Wait until somebody listens to every publisher."""
        assert self.spin_until(lambda: all(p.get_subscription_count() for p in publishers))

    def spin_until(self, predicate, seconds=10.0):
        """Let the nodes work until something is true; return whether it came to that.

        A predicate that asks for the last message of a topic before one has come is not yet true:
        on a busy machine two topics of one node are found seconds apart.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds(predicate):
                return True
            self.executor.spin_once(timeout_sec=0.02)
        return holds(predicate)

    def spin_for(self, seconds):
        """Let the nodes work for a while."""
        self.spin_until(lambda: False, seconds)

    def call(self, kind, service, request):
        """Call a service and return its response."""
        client = self.node.create_client(kind, service)
        assert self.spin_until(client.service_is_ready)
        future = client.call_async(request)
        assert self.spin_until(future.done)
        return future.result()

    def close(self):
        """Take everything down."""
        for node in self.nodes:
            self.executor.remove_node(node)
            node.destroy_node()
        self.executor.shutdown()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def bench(ros_domain):
    bench = Bench(ros_domain)
    yield bench
    bench.close()


@pytest.fixture
def log(bench):
    """Return the log lines of all nodes of the bench, as (level, text), as they come."""
    lines = []

    def take(message):
        lines.append((message.level, message.msg))

    bench.node.create_subscription(Log, "/rosout", take, 100)
    return lines
