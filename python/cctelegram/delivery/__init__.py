"""From the store to the phone: one sender a chat, what follows from each answer, digests, topics, cards."""
