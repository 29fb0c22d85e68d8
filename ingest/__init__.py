"""From files to an index: load texts, leave out page noise, split into passages, publish."""
