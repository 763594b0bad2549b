"""A Bot API server for this machine, with a page that shows the chat."""

from __future__ import annotations
