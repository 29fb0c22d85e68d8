"""Prepared questions made by hand."""

from ingest.reading.question_file import AskedQuestion, each_once, one_line


def asked_in(language: str, *questions: str) -> tuple[AskedQuestion, ...]:
    """Questions in a language as a file has them: each on one line, and of twins the first."""
    lines = map(one_line, questions)
    return each_once(AskedQuestion(text=line, language=language) for line in lines if line)
