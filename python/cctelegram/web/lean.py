"""Starlette without what it can do and nobody here asks for: forms, pages of errors. Import it from here."""

from __future__ import annotations

from cctelegram.absent import BEHIND_SERVERS, BLOCKED, standing_in

__all__ = ["Response", "Route", "Starlette"]

with standing_in(*BEHIND_SERVERS, blocked=BLOCKED):
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
