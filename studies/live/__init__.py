"""The page of the live view in a real browser: its test and its recording."""
