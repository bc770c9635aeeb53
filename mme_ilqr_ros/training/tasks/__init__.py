"""Tasks: each is data, a model, a loss and a measure of success. `commands.py` lists them."""
