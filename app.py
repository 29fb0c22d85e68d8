"""The Streamlit entry: which pages there are. Start it with: make chat"""

from ui import navigation

navigation.run()
