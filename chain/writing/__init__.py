"""Drafts of an answer: the sources' own sentences, or a model's."""
