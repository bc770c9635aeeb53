"""What a node has made: topics, services, timers, actions; to be destroyed without the node."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

KINDS = ("timer", "subscription", "service", "client", "publisher")


class Entities:
    """Some entities of a node."""

    def __init__(self, found: list[Any] | None = None) -> None:
        """Hold entities, none by default."""
        self._found = found or []

    @classmethod
    def of(cls, node: Node) -> Entities:
        """Return all that a node has now."""
        kinds = (*(getattr(node, f"{kind}s") for kind in KINDS), node.waitables)
        return cls([entity for kind in kinds for entity in kind])

    def without(self, others: Entities) -> Entities:
        """Return those that are not among others."""
        known = {id(entity) for entity in others._found}
        return Entities([entity for entity in self._found if id(entity) not in known])

    def destroy(self, node: Node) -> None:
        """Take them from their node; some may have gone before."""
        for kind in KINDS:
            destroy = getattr(node, f"destroy_{kind}")
            for entity in self._found:
                destroy(entity)  # does nothing with an entity of another kind
        # What is left are the servers and clients of actions.
        left = {id(waitable) for waitable in node.waitables}
        for entity in self._found:
            if id(entity) in left:
                entity.destroy()
