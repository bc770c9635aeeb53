"""The method's studies, a command each: `python -m mme_ilqr_ros.experiments navigation`."""
