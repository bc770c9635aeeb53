"""Hostile bytes for everything that reads a file or the bytes of a message."""
