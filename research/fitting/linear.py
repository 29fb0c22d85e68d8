"""What the fits of linear models share: data, cross-validation and file of weights."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from core.settings import Settings
from eval.dataset import Question
from research.fitting import questions
from research.fitting.fitted_numbers import Section, write
from research.fitting.logit import Asked, cross_validated, fit
from research.fitting.mixed import in_turn
from research.public import PublicSet, build_index, halves, load
from vectorstore.store import Index, open_index

_PAIRS = (("en", "en"), ("de", "de"), ("en", "de"))  # languages of paragraphs and of questions


def run(
    folder: Path,
    *,
    program: str,
    section: Section,
    features: Sequence[str],
    from_xquad: Callable[[PublicSet, Index], list[Asked]],
    from_briefs: Callable[[Sequence[Question], Index], list[Asked]],
) -> None:
    """Fits, prints the cross-validated figures and writes the weights.

    Args:
        folder: with XQuAD.
        program: the command, for the provenance.
        section: of the profile, for the weights.
        features: names of the first columns of `Asked.values`; further ones are not fitted.
        from_xquad: computes examples from questions on the even articles and an index of all
            paragraphs.
        from_briefs: computes examples from the questions in this folder and an index of the briefs:
            the one in use, and two with each brief in one language.
    """

    def fitted(examples: list[Asked]) -> list[Asked]:
        return [replace(one, values=one.values[:, : len(features)]) for one in examples]

    settings = Settings()
    sets = {}
    for paragraphs, asked in _PAIRS:
        others = None if asked == paragraphs else folder / f"xquad.{asked}.json"
        public = load("xquad", folder / f"xquad.{paragraphs}.json", None, others)
        made = from_xquad(halves(public)[0], build_index(public, settings))
        sets[f"xquad {asked} over {paragraphs}, even articles"] = fitted(made)
    index = open_index(settings)
    sets["briefs"] = fitted(from_briefs(questions(), index))
    for turn, mixed in enumerate(in_turn(settings), start=1):
        name = f"briefs, each in one language, turn {turn}"
        sets[name] = fitted(from_briefs(questions(), mixed))
    console = Console()
    for name, (hit, mrr) in cross_validated(sets).items():
        console.print(f"{name}: hit@1 {hit:.4f}, MRR {mrr:.4f} ({len(sets[name])} questions)")
    fitted_on = {name: len(asked) for name, asked in sets.items()}
    weights = dict(zip(features, (round(float(w), 2) for w in fit(sets.values())), strict=True))
    write(index.embedder.fingerprint, section, weights, program, fitted_on=fitted_on)
    console.print(weights)


def group_of(public: PublicSet) -> dict[str, int]:
    """Document id -> group of its article, so that no article is in two folds."""
    return {document.id: document.article // 2 for document in public.documents}
