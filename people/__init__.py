"""What is kept of people: conversations, notes, feedback; all in one database."""
