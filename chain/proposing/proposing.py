"""Asks the model about one section and keeps what stands the checks."""

from langchain_core.callbacks import UsageMetadataCallbackHandler

import prompts
from chain.model.language_model import ChatModel
from chain.proposing.question_check import checked
from chain.proposing.question_reply import read, schema
from chain.proposing.section_prompt import askable, messages
from core.answer import ModelTrouble
from core.errors import ModelError, StrategiewijzerError, kind_and_place
from core.proposals import ProposalFailure, Proposals, ProposerReady, SectionToAsk
from core.settings import Settings
from vectorstore.store import Index, open_index

_PATIENCE = 300.0  # seconds for a reply: it is longer than an answer, and nobody waits for it
_CHECKS = 300.0  # seconds for looking up its questions, at most 150
_LASTING: frozenset[ModelTrouble] = frozenset(
    {"key", "quota", "unknown_model", "parameter", "unreachable", "paused"}
)


class Proposing:
    """Proposes questions for sections, one after another; the index is opened at the first."""

    def __init__(self, settings: Settings) -> None:
        seconds = max(_PATIENCE, settings.answer_timeout)
        self._settings = settings.model_copy(update={"answer_timeout": seconds})
        self._model = ChatModel(self._settings)
        self._index: Index | None = None
        self.ready = ProposerReady(
            model=settings.model_label,
            address=self._model.address,
            prompt=prompts.fingerprints()["questions.md"],
            rules=prompts.load("questions"),
            seconds=seconds + _CHECKS,
        )

    def outcome(self, section: SectionToAsk) -> Proposals | ProposalFailure:
        """What the model proposes for a section, or why there is nothing."""
        try:
            return self._proposals(section)
        except ModelError as error:
            return ProposalFailure(told=str(error), is_lasting=error.reason in _LASTING)
        except StrategiewijzerError as error:
            return ProposalFailure(told=str(error), is_lasting=True)
        except Exception as error:  # noqa: BLE001 - any error is a failure of this section only
            return ProposalFailure(told=f"It failed ({kind_and_place(error)}).", is_lasting=False)

    def _proposals(self, section: SectionToAsk) -> Proposals:
        index = self._index = self._index or open_index(self._settings)  # before a call is paid
        units = askable(section.passage)
        counted = UsageMetadataCallbackHandler()
        pieces: list[str] = []
        is_cut = False
        try:
            for piece in self._model.stream(
                messages(section),
                seconds=self._settings.answer_timeout,
                schema=schema(units, section.languages),
                config={"callbacks": [counted]},
            ):
                pieces.append(piece)
        except ModelError as error:
            if error.reason != "cut":
                raise
            is_cut = True
        written = read("".join(pieces), units, section.languages)
        if is_cut and not written.answers:
            raise ModelError(
                "The model's reply broke off before its first question was whole. "
                "Set STRATEGIEWIJZER_ANSWER_TOKENS higher or leave it empty.",
                "cut",
            )
        found = checked(
            written.answers,
            section.passage,
            section.known,
            index.snapshot(),
            self._settings.results,
        )
        used = counted.usage_metadata.values()
        return Proposals(
            answers=found.answers,
            model=self._model.name,
            dropped=written.dropped + found.dropped,
            read=sum(one["input_tokens"] for one in used),
            written=sum(one["output_tokens"] for one in used),
            is_cut=is_cut,
        )
