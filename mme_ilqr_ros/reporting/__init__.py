"""Reporting: what a run was, how it is judged, and what it looks like."""
