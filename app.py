"""The app. Start it with: make chat

The server imports it for the ASGI application; Streamlit runs it as the script of every page.
"""

if __name__ == "__main__":
    from ui import navigation

    navigation.run()
else:
    from typing import Any

    import streamlit as st
    from starlette.middleware import Middleware

    from api.later import ErrorShape, routes
    from ui import guard
    from ui.guard import RequestIdMiddleware, SecurityMiddleware

    # Both take long to import, and what is here is imported before the server answers.
    def _api() -> Any:
        from api.application import application

        return application(_assistant)

    def _assistant() -> Any:
        from ui.shared_assistant import assistant

        return assistant()

    app = st.App(
        __file__,
        lifespan=guard.lifespan,
        routes=routes(_api),
        middleware=[
            Middleware(layer) for layer in (RequestIdMiddleware, ErrorShape, SecurityMiddleware)
        ],
    )
