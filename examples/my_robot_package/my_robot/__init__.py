"""A robot and a cost for the controller of mme_ilqr_ros."""
