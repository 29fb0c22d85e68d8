"""Has the configured language model write questions that a section of a document answers.

    passage -> prompt -> model -> questions with the numbers of units
            -> those found again in the index that have no twin -> proposals

`python -m ingest questions` starts it as a process of its own (__main__.py), as ingest imports
nothing of the assistant. Nothing else calls it.
"""
