"""The outbox: what was taken in, what must still reach the phone, and what came of it, in SQLite."""
