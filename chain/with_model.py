"""What a configured model does in the assistant; imported only then, as its client takes long."""

from chain.answer.editing import Editors
from chain.answerer import Answerer
from chain.checking.checker import Checker
from chain.model.budget import CONDENSE_SHARE
from chain.model.language_model import ChatModel
from chain.understanding.condense import Condenser
from chain.writing.generative import GenerativeAnswerer
from chain.writing.repair import Repairer
from core.settings import Settings


def with_model(settings: Settings) -> tuple[Answerer, Condenser, Editors]:
    """Answerer, condenser and editors of the configured model."""
    model = ChatModel(settings)
    other = settings.checker_model not in ("", settings.model)
    checks_with = ChatModel(settings, settings.checker_model) if other else model
    editors = Editors(
        Repairer(model),
        Checker(checks_with) if settings.checker else None,
        settings.answer_timeout * (1 - CONDENSE_SHARE),
    )
    return GenerativeAnswerer(model, settings), Condenser(model, settings), editors
