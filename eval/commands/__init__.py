"""What `python -m eval COMMAND` does, a file each."""
