"""Fitting, benchmarks and public question sets; not installed with the product."""
