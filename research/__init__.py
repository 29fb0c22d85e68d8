"""What is fitted and trained, and benchmarks; not installed with the product."""
