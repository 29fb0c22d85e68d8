"""The index as a LangChain retriever, so that it drops into any LangChain chain."""

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from core.source import Scope, ScoredPassage
from vectorstore.store import Index, Snapshot


class PassageRetriever(BaseRetriever):
    """Question -> LangChain documents, best first; of an `Index` the generation then in use.

    A document's text is the passage's; its metadata has what is needed to cite it, and under
    "scored" the whole `ScoredPassage`. `language`, `scope` and `about` are as in `Snapshot.search`;
    those given to `invoke` override the retriever's.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index | Snapshot
    k: int = 6
    language: str | None = None
    scope: Scope = Scope()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        language: str | None = None,
        scope: Scope | None = None,
        about: Sequence[str] = (),
        **kwargs: Any,
    ) -> list[Document]:
        index = self.index.snapshot() if isinstance(self.index, Index) else self.index
        found = index.search(
            query, self.k, language or self.language, scope=scope or self.scope, about=about
        )
        return [_document(scored) for scored in found]


def _document(scored: ScoredPassage) -> Document:
    passage = scored.passage
    cited = passage.document
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "source": cited.url or cited.id,
            "title": cited.title,
            "reference": cited.reference,
            "section": " › ".join(passage.headings),
            "language": cited.language,
            "date": cited.date.isoformat() if cited.date else "",
            "page": passage.page,
            "score": scored.score,
            "scored": scored,
        },
    )
