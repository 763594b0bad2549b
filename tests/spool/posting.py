"""Answers as the bridge posts them: a name of their own, and one file."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from cctelegram.spool import responses

if TYPE_CHECKING:
    from collections.abc import Mapping


def post_answer(responses_dir: str, answer: Mapping[str, Any], *, at_us: int | None = None) -> str:
    """Post an answer of the time `at_us`, now without it; return the name of its file."""
    moment = time.time_ns() // 1000 if at_us is None else at_us
    name = responses.name(answer.get("event_id"), moment, int.from_bytes(os.urandom(4)))
    responses.post(responses_dir, name, json.dumps(answer).encode())
    return name
