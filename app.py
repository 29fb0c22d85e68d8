"""The app. Start it with: make chat

The server imports it for the ASGI application; Streamlit runs it as the script of every page.
"""

if __name__ == "__main__":
    from ui import navigation

    navigation.run()
else:
    import streamlit as st
    from starlette.middleware import Middleware

    from api.application import routes
    from ui import shared_assistant, uploads
    from ui.guard import Guard
    from ui.observed import Closed, Observed

    app = st.App(
        __file__,
        lifespan=uploads.lifespan,
        routes=routes(shared_assistant.assistant),
        middleware=[Middleware(one) for one in (Observed, Guard, Closed)],
    )
