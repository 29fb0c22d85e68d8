"""What is fitted and trained, and a benchmark of reading; not installed with the product."""
