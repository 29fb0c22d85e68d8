"""Shapes, settings and errors that every package agrees on; imports nothing of ours."""
