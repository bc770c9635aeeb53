"""Learned costs beside what is done without learning: `python -m mme_ilqr_ros.training.compare`."""
