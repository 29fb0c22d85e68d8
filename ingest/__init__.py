"""From files to an index: load a text, leave page noise out, split it into passages, publish."""
