"""The configured language model."""

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from core.settings import Settings


def chat_model(settings: Settings) -> ChatOpenAI:
    """A client of the OpenAI-compatible server of these settings, at temperature 0."""
    return ChatOpenAI(
        model=settings.chat_model,
        base_url=settings.openai_base_url or None,
        api_key=SecretStr(settings.openai_api_key.get_secret_value() or "none"),
        temperature=0,
        timeout=settings.answer_timeout,
        max_retries=2,
        stream_usage=True,  # by default only OpenAI's own server is asked for token counts
    )
