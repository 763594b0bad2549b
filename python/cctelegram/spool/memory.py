"""Memory of a process that stays.

Start-cheap.
"""

from cctelegram._native import keep_memory_small

__all__ = ["keep_memory_small"]
