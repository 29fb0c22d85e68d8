"""A handler of LangChain's callbacks that notes what begins."""

from langchain_core.callbacks import BaseCallbackHandler


class Names(BaseCallbackHandler):
    """Names, in order, the steps of a question: retriever, chains by their name, models."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_retriever_start(self, *_: object, **__: object) -> None:
        self.seen.append("retriever")

    def on_chain_start(self, *_: object, name: str = "", **__: object) -> None:
        self.seen.append(name)

    def on_chat_model_start(self, *_: object, **__: object) -> None:
        self.seen.append("model")
