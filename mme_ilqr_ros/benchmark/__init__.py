"""Measures the package: the same core classes that the nodes call, in many worlds."""
