"""Matches a question with the prepared questions of the documents that may answer it.

    question vector -> nearest prepared questions -> those of the versions searched -> do they ask
    the same? (language/same_question.py) -> the passages and units that answer them

A small embedder tells well that two questions ask the same, and badly which sentence answers one
(docs/decisions/0016). The closeness of the nearest prepared question of a passage or unit is a
feature of its rank.
"""

from collections.abc import Collection, Iterable, Mapping

from core.prepared import MatchedQuestion
from language.same_question import Asked, asked, differ
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.profile import Profile
from vectorstore.segments import document_key

_UNKNOWN = "en"  # for a question whose language is not told
_NEAREST = 24  # prepared questions compared: of a topic there are some ten, in several languages
_WIDER = 4  # times as many are looked at, as a document has versions that are not searched
# Cosines of questions that have nothing in common, and of those that are the same.
_FAR, _SAME = 0.85, 1.0


def near(
    generation: Generation,
    vector: Vectors,
    allowed: Collection[str],
    profile: Profile,
    count: int = _NEAREST,
) -> list[MatchedQuestion]:
    """The prepared questions of these documents (keys) that are near a question's vector, nearest
    first; at most `count`."""
    if not generation.manifest.questions:
        return []
    hits = generation.nearest_questions(vector, count * _WIDER)
    mine = [(name, cosine) for name, cosine in hits if document_key(name) in allowed][:count]
    known = generation.questions([name for name, _ in mine])
    return [
        MatchedQuestion(prepared=known[name], cosine=profile.on_scale("question", cosine))
        for name, cosine in mine
    ]


def matches(
    generation: Generation,
    query: str,
    language: str,
    vector: Vectors,
    allowed: Collection[str],
    profile: Profile,
) -> tuple[MatchedQuestion, ...]:
    """As `near`, without those that have nothing in common with the question, and those that ask
    something else as their facts tell."""
    own = asked(query, language or _UNKNOWN)
    found = (one for one in near(generation, vector, allowed, profile) if one.cosine > _FAR)
    return tuple(one for one in found if not differ(own, _asked(one)))


def _asked(one: MatchedQuestion) -> Asked:
    return asked(one.prepared.question, one.prepared.language)


CLOSE = 0.5
"""Closeness from which a prepared question may ask the same, a cosine of 0.925; below it most ask
something else: docs/decisions/0016."""


def closeness(cosine: float) -> float:
    """How close a prepared question is (0-1): 0 for one on something else, 1 for the same."""
    return min(1.0, max(0.0, (cosine - _FAR) / (_SAME - _FAR)))


def closest(found: Iterable[MatchedQuestion]) -> Mapping[str, float]:
    """Maps each unit that answers one of these questions to the closeness of the nearest."""
    best: dict[str, float] = {}
    for one in found:
        for unit in one.prepared.units:
            best[unit] = max(best.get(unit, 0.0), closeness(one.cosine))
    return best
