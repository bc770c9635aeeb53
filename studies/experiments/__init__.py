"""The papers' experiments, a command each: `python -m studies experiment navigation`."""
