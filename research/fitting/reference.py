"""Writes the reference texts that calibrate embedders (`vectorstore/reference.json`), and measures
the default embedder on them.

    python -m research.fitting.reference

They are every eighth question of this folder and its first passage, as embedded. Run it again when
the default embedder changes; other embedders are then measured again.
"""

import json

from rich.console import Console

from chain.understanding.follow_ups import standalone
from core.errors import SettingsError
from core.settings import Settings
from research.fitting import questions, write
from vectorstore.profile import DEFAULT, REFERENCE, measure
from vectorstore.store import Snapshot, open_index

_EVERY = 8
_PROGRAM = "python -m research.fitting.reference"


def main() -> None:
    """Writes the reference texts, and measures the default embedder on them."""
    index = open_index(Settings()).snapshot()
    if index.embedder.fingerprint != DEFAULT:
        raise SettingsError(
            f"The scale is that of {DEFAULT}. Unset STRATEGIEWIJZER_EMBEDDINGS_URL, or name "
            "another default in vectorstore/embeddings.py."
        )
    chosen = json.dumps(_chosen(index), indent=1, ensure_ascii=False)
    REFERENCE.write_text(f"{chosen}\n", "utf-8")
    found = measure(index.embedder, index.profile.adapter)
    weights: dict[str, object] = {kind: of.model_dump() for kind, of in found.items()}
    Console().print(weights, write(DEFAULT, "cosines", weights, _PROGRAM))


def _chosen(index: Snapshot) -> dict[str, list[str] | list[list[str]]]:
    texts, passages = [], {}
    for question in questions()[::_EVERY]:
        text = standalone(question.question, question.language, question.history)
        first = index.search(text, 1, question.language)[0].passage
        texts.append(text)
        passages[first.id] = [first.context(unit) for unit in first.units]
    return {"questions": texts, "passages": list(passages.values())}


if __name__ == "__main__":
    main()
