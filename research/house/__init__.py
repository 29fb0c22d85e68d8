"""Counts of the code."""
