"""Decisions: a question with options, its card on the phone, and the one answer that counts."""
