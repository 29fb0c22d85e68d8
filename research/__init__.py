"""What is fitted and trained, and what that gives; not installed with the product."""
