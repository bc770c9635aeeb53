"""`python -m studies train-cost`: what a training step of explicit and implicit planners costs."""
