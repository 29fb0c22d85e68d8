"""What a conversation in OpenAI's protocol asks: a question, and the turns before it."""

import re
from collections.abc import Iterator, Sequence

from api.client_words import reference_headings
from api.openai_requests import ClientMessage, refused
from chain.query import MAX_QUESTION
from chain.understanding.manners import classify
from core.answer import Turn
from core.marked import Marked
from language.characters import visible
from language.identify import conversation
from vectorstore.embeddings import local_embedder

_TURNS = 10  # that are looked at: a follow-up hardly ever points further back
_ANSWER = 10_000  # characters of an earlier answer that are looked at: longer ones are not ours
_MARKERS = 200  # in it that are looked at; more are left as they are
_MARKER = re.compile(r"(?<!\\)\[(\d{1,4})\]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def asked(
    messages: Sequence[ClientMessage],
    default_language: str,
    param: str,
) -> tuple[str, tuple[Turn, ...]]:
    """The question, which is the last message, and the turns before it, oldest first.

    Raises:
        ApiError: the last message is not a user's question in text.
    """
    last = messages[-1]
    if last.role != "user":
        raise refused("The last message has to be the user's: it is the question.", param)
    if last.other_parts:
        raise refused(f"Only text is read, no {last.other_parts[0][:30]!r}. Leave it out.", param)
    question = visible(last.text).strip()
    if not question:
        raise refused("The last message is empty. Ask a question.", param)
    if len(question) > MAX_QUESTION:
        raise refused(
            f"A question has at most {MAX_QUESTION} characters; this one has {len(question)}.",
            param,
            "question_too_long",
        )
    return question, _with_kinds(list(_turns(messages))[-_TURNS:], question, default_language)


def _turns(messages: Sequence[ClientMessage]) -> Iterator[Turn]:
    """Each user's message with the answer behind it; those of systems and tools are left aside."""
    question = ""
    for message in messages:
        if message.role == "user":
            question = visible(message.text).strip()
        elif message.role == "assistant" and question:
            if len(question) <= MAX_QUESTION:
                yield _turn(question, message.text[:_ANSWER])
            question = ""


def _with_kinds(turns: Sequence[Turn], question: str, default_language: str) -> tuple[Turn, ...]:
    """These turns, with the kinds of those messages that asked the sources nothing."""
    questions = [*(turn.question for turn in turns), question]
    languages = conversation(questions, default_language)
    embedder = local_embedder()
    return tuple(
        turn.model_copy(update={"message": classify(turn.question, language, embedder) or ""})
        for turn, language in zip(turns, languages, strict=False)
    )


def _turn(question: str, said: str) -> Turn:
    """A question with the answer as it was sent (api/openai_text.py), without what stood below."""
    headings = "|".join(map(re.escape, reference_headings()))
    proper = re.split(rf"\n\n\*\*(?:{headings})\*\*\n", visible(said), maxsplit=1)[0]
    pieces = []
    for number, piece in enumerate(_MARKER.split(proper, _MARKERS)):  # words, number, words, ...
        words = Marked(_ESCAPE.sub(r"\1", piece))
        pieces.append(Marked.citing([int(piece)]) if number % 2 else words)
    answer = Marked.joined(pieces)
    return Turn(question=question, answer_text=answer.text, markers=answer.markers)
