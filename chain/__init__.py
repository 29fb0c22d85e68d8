"""Question answering: turns a question and its conversation into an answer with citations."""
