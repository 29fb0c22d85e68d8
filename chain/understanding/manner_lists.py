"""The lists of `manners.yaml`, which explains them, and patterns made of them."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import RootModel

from chain.understanding.message_words import folded, plain_words, tokens
from core.answer import Message
from core.frozen import Frozen
from language.checked_file import checked

_FILE = Path(__file__).with_name("manners.yaml")


class PhraseList(RootModel[Mapping[str, str]]):
    """Language -> phrases separated by commas; "*" is any rest of a word."""

    def pattern(self, *languages: str) -> re.Pattern[str]:
        """Pattern for these phrases in normalised words, of all languages if none is named."""
        named = (name for name in languages or self.root if name in self.root)
        return _compiled(tuple(self.root[name] for name in named))

    def within(self, said: str, *languages: str) -> bool:
        """Whether normalised words have one of these phrases; in languages that are not named they
        may mean something else."""
        return self.pattern(*languages).search(said) is not None


class _Harm(Frozen):
    asking: PhraseList
    crimes: PhraseList
    doing: PhraseList
    goods: PhraseList
    attributed: PhraseList


class MannerLists(Frozen):
    """Schema of `manners.yaml`. Strings are phrases separated by commas."""

    examples: Mapping[Message | Literal["question"], tuple[str, ...]]
    phrases: Mapping[Message, Mapping[str, str]]
    fillers: Mapping[str, str]
    softening: PhraseList
    documents: Mapping[str, str]
    subjects: Mapping[str, str]
    translating: PhraseList
    cues: Mapping[Message, PhraseList]
    judging: PhraseList
    reported: PhraseList
    writing: PhraseList
    letters: PhraseList
    harm: _Harm
    addressed: PhraseList
    polite: PhraseList
    existing: PhraseList
    self: PhraseList


@cache
def manner_lists() -> MannerLists:
    """The lists; read once.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    return checked(_FILE, MannerLists)


def concepts(word: str, groups: Literal["documents", "subjects"]) -> frozenset[str]:
    """Synonym groups of a normalised word: "drugsagenda" belongs to agenda and to drugs."""
    return frozenset(name for name, parts in _groups(groups).items() if parts.search(word))


@cache
def _groups(groups: Literal["documents", "subjects"]) -> Mapping[str, re.Pattern[str]]:
    lists = manner_lists()
    beginning, listed = (r"\b", lists.subjects) if groups == "subjects" else ("", lists.documents)
    found = {}
    for name, said in listed.items():
        parts = (re.escape(folded(part.strip())) for part in said.split(","))
        found[name] = re.compile(f"{beginning}(?:{'|'.join(parts)})")
    return found


@cache
def _compiled(lists: tuple[str, ...]) -> re.Pattern[str]:
    found = {
        " ".join(
            r"\w*".join(" ".join(plain_words(tokens(part))) for part in phrase.split("*")).split()
        )
        for listed in lists
        for phrase in listed.split(",")
    }
    alternatives = "|".join(sorted(found)) or "(?!)"  # finds nothing
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")
