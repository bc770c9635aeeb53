"""Learned costs beside costs without learning: `python -m studies compare`."""
