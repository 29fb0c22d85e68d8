"""What a configured model does in the assistant; imported only then, as its client takes long."""

from chain.answer.drafting import Checking
from chain.answerer import Answerer
from chain.checking.checker import Checker
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CHECK_SHARE
from chain.understanding.condense import Condenser
from chain.writing.generative import GenerativeAnswerer
from core.settings import Settings


def with_model(settings: Settings) -> tuple[Answerer, Condenser, Checking | None]:
    """Answerer and condenser of the configured model, and what checks its replies, if anything."""
    model = ChatModel(settings)
    other = settings.checker_model not in ("", settings.model)
    checks_with = ChatModel(settings, settings.checker_model) if other else model
    seconds = settings.answer_timeout * CHECK_SHARE
    checking = Checking(Checker(checks_with), seconds) if settings.checker else None
    return GenerativeAnswerer(model, settings), Condenser(model, settings), checking
