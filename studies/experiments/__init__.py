"""The method's studies, a command each: `python -m studies.experiments navigation`."""
