"""Tasks: each is data, a loss and a measure of success."""
