"""Cleanup: retention per directory (`policies`), rounds (`rounds`), due times (`schedule`), reports."""
