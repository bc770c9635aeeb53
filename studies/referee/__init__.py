"""Simulators that neither side wrote: the package, and any other driver, by a lidar alone."""
