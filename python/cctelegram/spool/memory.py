"""Memory of a long-lived process. Cheap to import."""

from cctelegram._native import keep_memory_small

__all__ = ["keep_memory_small"]
