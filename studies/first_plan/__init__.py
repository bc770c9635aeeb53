"""How long a robot on a large map waits for its first plan, and for one after a change."""
