"""Fits what is chosen from data, on questions that are never part of a reported figure."""
