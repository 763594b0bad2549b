"""JSON for commands that must start fast: reading and writing it costs no import."""

from __future__ import annotations

from cctelegram._native import dumps, loads

__all__ = ["dumps", "loads"]
