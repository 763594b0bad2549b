"""Locks of the operating system on files: the holder of a lock is alive. Cheap to import."""

from __future__ import annotations

from cctelegram._native import FileLock, is_locked

__all__ = ["FileLock", "is_locked"]
