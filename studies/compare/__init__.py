"""Learned costs beside what is done without learning: `python -m studies.compare`."""
