"""What the passages found say about a question, and how sure that is."""
