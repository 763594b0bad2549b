"""The log lines that say which events a digest replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.runtime.event_ids import groups

if TYPE_CHECKING:
    from cctelegram.delivery.digest import Digest


def log_digest(log: Any, digest: Digest) -> None:
    """Log the ids of the events in a digest. From any thread."""
    for event_ids in groups(digest.event_ids):
        log.info("delivery.digested", into=digest.delivery, event_ids=event_ids)
