"""Question sets put to the assistant, and figures about what it answers."""
