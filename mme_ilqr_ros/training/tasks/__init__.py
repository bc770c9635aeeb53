"""Tasks: each is data, a model, a loss and a measure of success. `verb.py` lists them."""
