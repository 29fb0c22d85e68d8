"""Matches a question with the prepared questions of the documents that may answer it."""

from collections.abc import Collection, Iterable, Mapping

from core.prepared import MatchedQuestion
from language.demands import Demands, demands_of, differ
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.profile import Profile
from vectorstore.segments import document_key

_UNKNOWN = "en"  # for a question whose language is not told
_NEAREST = 24  # prepared questions compared: of a topic there are some ten, in several languages
_WIDER = 4  # times as many are looked at, as a document has versions that are not searched


def near(
    generation: Generation,
    vector: Vectors,
    allowed: Collection[str],
    profile: Profile,
    count: int = _NEAREST,
) -> list[MatchedQuestion]:
    """The prepared questions of these documents (keys) that are near a question's vector, nearest
    first; at most `count`."""
    hits = generation.nearest_questions(vector, count * _WIDER)
    mine = [(name, cosine) for name, cosine in hits if document_key(name) in allowed][:count]
    known = generation.questions([name for name, _ in mine])
    return [
        MatchedQuestion(prepared=known[name], cosine=moved, closeness=profile.closeness(moved))
        for name, cosine in mine
        for moved in [profile.on_scale("question", cosine)]
    ]


def matches(
    generation: Generation,
    query: str,
    language: str,
    vector: Vectors,
    allowed: Collection[str],
    profile: Profile,
) -> tuple[MatchedQuestion, ...]:
    """The prepared questions as `near` gives them, without those that share nothing with the
    question or ask something else as their facts tell."""
    own = demands_of(query, language or _UNKNOWN)
    found = (match for match in near(generation, vector, allowed, profile) if match.closeness > 0)
    return tuple(match for match in found if not differ(own, _demands(match)))


def _demands(match: MatchedQuestion) -> Demands:
    return demands_of(match.prepared.question, match.prepared.language)


def closest(found: Iterable[MatchedQuestion]) -> Mapping[str, float]:
    """Maps each unit that answers one of these questions to the closeness of the nearest."""
    best: dict[str, float] = {}
    for match in found:
        for unit in match.prepared.units:
            best[unit] = max(best.get(unit, 0.0), match.closeness)
    return best
