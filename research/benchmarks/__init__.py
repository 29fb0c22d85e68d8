"""Benchmarks of search and ingest: `python -m research.benchmarks retrieval|latency|scale`.

    real sentences and their vectors -> a corpus of any size -> ingest, ask, measure
        -> figures, with a description of the machine -> JSON and a plot

Described, with figures, in docs/benchmarks.md. They are not tests: no figure makes them fail.
"""
