"""The bridge: the one room that knows both sides, the spool and Telegram."""
