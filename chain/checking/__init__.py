"""Whether the passages say what a draft says, told outside whatever wrote it."""
