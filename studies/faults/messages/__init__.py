"""Faults in messages: the real nodes in one process, in a world whose time is moved by hand."""
