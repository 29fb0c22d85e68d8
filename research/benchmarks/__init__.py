"""Benchmark of reading: how well the documents of a folder are read (docs/benchmarks.md).

documents, lists made apart -> loaded as ingest does -> shares of what is right, by file and format
"""
