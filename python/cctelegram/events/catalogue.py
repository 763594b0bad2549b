"""The event types, from the one table in the compiled module. Cheap to import."""

from __future__ import annotations

from cctelegram import _native

EVENT_TYPES = tuple(_native.event_types())
"""All types, grouped by category."""

BY_NAME = {event_type.type: event_type for event_type in EVENT_TYPES}

CATEGORIES = tuple(dict.fromkeys(event_type.category for event_type in EVENT_TYPES))
