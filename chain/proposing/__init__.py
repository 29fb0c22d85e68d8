"""Has the configured language model write questions that a section of a document answers.

    passage -> section_prompt.py -> model -> question_reply.py: questions with the numbers of units
            -> question_check.py: found again in the index, no twin -> proposals

`python -m ingest questions` starts it as a process of its own (__main__.py), as ingest imports
nothing of the assistant. Nothing else calls it.
"""
