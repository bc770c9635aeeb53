"""Faults by the million: in messages, in processes and in files, and the rules that must hold."""
