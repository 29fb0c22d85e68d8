"""Evaluation: asks question sets, and measures the answers."""
