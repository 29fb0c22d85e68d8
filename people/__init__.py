"""What is kept of people: conversations, notes, feedback; each in a private file."""
