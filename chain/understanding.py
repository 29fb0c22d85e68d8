"""What somebody means: a question that can be searched for, a task, or a message that asks nothing.

message + the turns before it -> message to the assistant?   its kind
                              -> "shorter", "summarise X"     what that is to be done with
                              -> a question                   as it would be asked by itself
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from chain.manners import classify, document_named
from core.types import DocumentInfo, Message, Turn
from vectorstore.embeddings import Embedder


class Understood(NamedTuple):
    """What is meant.

    `question` can be understood without the conversation. `message` is as in `Answer`: with
    `brief` ("shorter") only what answers the question best is wanted, `document` is the id of one
    to be summarised, and without either nothing is searched.
    """

    question: str
    message: Message | Literal[""] = ""
    brief: bool = False
    document: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is to be searched."""
        return not self.message or self.brief or bool(self.document)


def understand(
    question: str,
    language: str,
    history: Sequence[Turn],
    documents: Sequence[DocumentInfo],
    embedder: Embedder,
    standalone: Callable[[str, Sequence[Turn]], str],
) -> Understood:
    """What is meant by a question, asked after these turns.

    Args:
        question: as it was asked.
        language: of the question (ISO 639-1).
        history: earlier turns, oldest first.
        documents: those in use.
        embedder: that of the index.
        standalone: makes a question after some turns one that stands alone.
    """
    asked = [turn for turn in history if not turn.message]
    kind = classify(question, language, embedder)
    if kind == "summarise" and (named := document_named(question, documents)):
        return Understood(question, kind, document=named)
    if kind == "shorter" and asked:
        return Understood(standalone(asked[-1].question, asked[:-1]), kind, brief=True)
    return Understood(question, kind) if kind else Understood(standalone(question, asked))
