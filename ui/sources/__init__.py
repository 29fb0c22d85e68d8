"""The sources page: the catalogue and the reading view."""
