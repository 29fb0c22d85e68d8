"""A handler of LangChain's callbacks that notes what begins."""

from langchain_core.callbacks import BaseCallbackHandler


class Names(BaseCallbackHandler):
    """Names the steps of a question in order: chains, models. `made` is what the chains gave."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.made: list[object] = []

    def on_chain_start(self, *_: object, name: str = "", **__: object) -> None:
        self.seen.append(name)

    def on_chain_end(self, outputs: object, **_: object) -> None:
        self.made.append(outputs)

    def on_chat_model_start(self, *_: object, **__: object) -> None:
        self.seen.append("model")
