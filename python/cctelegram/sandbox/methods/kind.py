"""The type of all methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from cctelegram.sandbox.state import State

Parameters = dict[str, Any]
Method = Callable[[State, Parameters], Awaitable[Any]]
