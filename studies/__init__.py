"""Studies of the package: peers, ablations, timings, the papers' experiments. Not installed."""
