"""Delivery from the store to Telegram: one sender per chat, retry classification, digests, topics, cards."""
