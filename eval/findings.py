"""Data model of what is found of an answer: how it reads, what it rests on, whether that holds."""

from core.frozen import Frozen


class Reading(Frozen):
    """Readability of an answer (eval/shown.py).

    judged: whether the question names the units that answer it (gold).
    units, needed: units shown in the answer proper; those that are gold or context of a gold unit.
    direct: whether the first unit is gold.
    lists, whole_lists: lists shown anywhere; those shown whole.
    cut: lines of cut lists.
    loose: lines that cannot be understood in place.
    words_prose: words of the answer proper without labels and list items.
    """

    judged: bool
    units: int
    needed: int
    direct: bool
    lists: int
    whole_lists: int
    cut: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    words_prose: int

    @property
    def precision(self) -> float | None:
        """Share of the units shown that are needed; None if unknown."""
        return self.needed / self.units if self.judged and self.units else None


class CitedSection(Frozen):
    """Document and section of a citation."""

    number: int
    document: str
    section: str


class RetrievedSection(Frozen):
    """One retrieved section; `relevant` if the question names it."""

    document: str
    section: str
    relevant: bool


class RetrievedPassage(Frozen):
    """One retrieved passage, as the answerer got it."""

    id: str
    document: str
    language: str
    section: str
    text: str


class SentenceVerdict(Frozen):
    """One sentence of an answer, judged by the project's own verifier.

    supported: whether its citations together support it.
    needless: citations that neither support it alone nor are needed by the others (Gao et al.
        2023).
    """

    text: str
    citations: tuple[int, ...]
    supported: bool
    needless: tuple[int, ...] = ()


class TokenUsage(Frozen):
    """Token counts of a model's server for one answer."""

    input: int
    output: int
