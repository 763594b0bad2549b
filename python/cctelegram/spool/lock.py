"""Locks of the operating system on files: who holds one lives. Cheap to import."""

from __future__ import annotations

from cctelegram._native import FileLock, is_locked

__all__ = ["FileLock", "is_locked"]
