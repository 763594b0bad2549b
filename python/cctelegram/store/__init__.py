"""The store: taken events, deliveries that must still reach the phone, and their outcomes, in SQLite."""
