"""Measurements of the running process."""
