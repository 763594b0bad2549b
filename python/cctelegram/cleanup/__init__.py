"""Cleaning: what is kept (`policies`), planning and doing (`rounds`), when (`schedule`), what came of it."""
