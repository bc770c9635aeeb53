"""Training tasks of the studies; none of them trains a file that ships."""
