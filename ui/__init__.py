"""The pages people use, shown with Streamlit."""
