"""The configured language model: its server, its limits, its replies."""
