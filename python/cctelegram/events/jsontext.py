"""JSON for commands that must start fast: it imports nothing but the compiled module."""

from __future__ import annotations

from cctelegram._native import dumps, loads

__all__ = ["dumps", "loads"]
