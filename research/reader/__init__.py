"""Grounds to learn from: questions over official documents, with the units that answer them.

    grounds/<part>/<document>.jsonl + the documents, elsewhere -> questions with the places of units

What they are, where the texts come from and who wrote them is in docs/grounds.md.
"""
