"""Starlette without the modules that `absent.py` keeps out of memory; import it from here."""

from __future__ import annotations

from cctelegram.absent import importing

__all__ = ["Response", "Route", "Starlette"]

with importing("starlette"):
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
