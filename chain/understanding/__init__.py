"""What somebody means: the kind of message, what it asks for and names, what it refers to."""
