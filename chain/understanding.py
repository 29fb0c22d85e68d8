"""What somebody means: a question that can be searched for, a task, or a message that asks nothing.

message + the turns before it -> message to the assistant?   its kind
                              -> "shorter", "in a table"      what that is to be done with
                              -> "summarise X"                the document
                              -> a question                   as it would be asked by itself
"""

import logging
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from chain.followup import standalone
from chain.language import named
from chain.manners import classify, document_named
from core.errors import ModelError
from core.matching import figures, fold
from core.types import DocumentInfo, Message, Turn
from prompts import TaskProblem
from vectorstore.embeddings import Embedder

logger = logging.getLogger(__name__)

_WITH_ANSWER: tuple[Message, ...] = ("shorter", "table", "translate", "email")
_LANGUAGE_WORDS = 4  # of a message that only names a language: "into French, please"

# Cosine of what a model made of a follow-up with the follow-up as it may be meant. In
# eval/fitting/rewritings those that ask the same have 0.93 or more, and of those that do not, and
# have its figures and its question mark, none has more than 0.88 (docs/decisions/0008).
_MEANT = 0.9
_BEFORE = 3  # earlier questions that a follow-up may lean on
_MARKS = ("?", ";", ";")  # Greek asks with a semicolon

Rewrite = Callable[[str, Sequence[Turn]], str]


class Understood(NamedTuple):
    """What is meant.

    `question` can be understood without the conversation. `message` is as in `Answer`. With
    `brief` ("shorter") only what answers the question best is wanted, `document` is the id of one
    to be summarised, and `last` the turn with whose answer a task is to be done by a model, in
    `language` where the message names one; `problem` is why it cannot be. Without any of these
    nothing is searched.
    """

    question: str
    message: Message | Literal[""] = ""
    brief: bool = False
    document: str = ""
    last: Turn | None = None
    language: str = ""
    problem: TaskProblem | Literal[""] = ""

    @property
    def asks(self) -> bool:
        """Whether anything is to be looked up."""
        return not self.message or self.brief or bool(self.document or self.last)


def understand(
    question: str,
    language: str,
    history: Sequence[Turn],
    documents: Sequence[DocumentInfo],
    embedder: Embedder,
    rewrite: Rewrite | None = None,
) -> Understood:
    """What is meant by a question, asked after these turns.

    Args:
        question: as it was asked.
        language: of the question (ISO 639-1).
        history: earlier turns, oldest first.
        documents: those in use.
        embedder: the local one; small talk and rewritings are told by its cosines.
        rewrite: has a model make a question after some turns one that stands alone; without it
            there is no model, and only "shorter" and the summary of a document are carried out.
    """
    asked = [turn for turn in history if not turn.message]
    kind = classify(question, language, embedder)
    if kind is None and _names_the_language_asked_for(question, language, history):
        kind = "translate"
    document = document_named(question, documents) if kind else None
    if kind == "summarise" and document:
        return Understood(question, kind, document=document)
    if kind in _WITH_ANSWER and rewrite is not None:
        cited = asked[-1].cited if asked else ()
        keys = tuple(f"{one.key}:" for one in documents if document in (None, one.id))
        if any(passage.startswith(keys) for passage in cited):
            return _task(question, language, kind, asked)
        if kind != "shorter":
            return Understood(question, kind, problem="no_answer")
    if kind == "shorter" and asked:
        before = _by_itself(asked[-1].question, language, asked[:-1], embedder, rewrite)
        return Understood(before, kind, brief=True)
    if kind:
        return Understood(question, kind)
    return Understood(_by_itself(question, language, asked, embedder, rewrite))


def _task(question: str, language: str, kind: Message, asked: Sequence[Turn]) -> Understood:
    """A task with the last answer, which is about the question before."""
    target = named(question, language)
    if kind == "translate" and not target:
        return Understood(question, kind, problem="which_language")
    about = standalone(asked[-1].question, language, asked[:-1])
    brief = kind == "shorter"
    return Understood(about, kind, brief=brief, last=asked[-1], language=target)


def _names_the_language_asked_for(question: str, language: str, history: Sequence[Turn]) -> bool:
    """Whether a message only says into which language, after that had to be asked."""
    is_asked = bool(history) and history[-1].message == "translate"
    return is_asked and len(question.split()) <= _LANGUAGE_WORDS and bool(named(question, language))


def _by_itself(
    question: str,
    language: str,
    before: Sequence[Turn],
    embedder: Embedder,
    rewrite: Rewrite | None,
) -> str:
    """A question as it would be asked alone: by the model where there is one and what it makes of
    it is still that question, else by rules."""
    by_rules = standalone(question, language, before)
    if rewrite is None or not before:
        return by_rules
    try:
        rewritten = rewrite(question, before)
    except ModelError as error:
        logger.warning("%s The follow-up is understood by rules.", error)
        return by_rules
    if _is_meant(rewritten, question, by_rules, before, embedder):
        return rewritten
    logger.warning("The model made another question of the follow-up: it is understood by rules.")
    return by_rules


def _is_meant(
    rewritten: str, question: str, by_rules: str, before: Sequence[Turn], embedder: Embedder
) -> bool:
    """Whether a rewritten follow-up asks what the follow-up does, and is not another question, one
    that was asked before, an answer, or an order to the model."""
    if fold(rewritten) == fold(question):
        return True
    earlier = [turn.question for turn in before]
    asks = rewritten.endswith(_MARKS) or not question.strip().endswith(_MARKS)
    if not asks or fold(rewritten) in map(fold, earlier):
        return False
    if not figures(question) <= figures(rewritten):
        return False
    meant = (question, by_rules, *(f"{asked} {question}" for asked in earlier[-_BEFORE:]))
    vector = embedder.query(rewritten)
    return max(float(vector @ embedder.query(text)) for text in meant) >= _MEANT
