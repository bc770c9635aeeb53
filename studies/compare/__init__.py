"""Learned costs and baselines without learning: `python -m studies compare`."""
