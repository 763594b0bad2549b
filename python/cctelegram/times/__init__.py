"""Times as text: `duration` (lengths), `instant` (points in time)."""
