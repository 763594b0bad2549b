"""CCTelegram: a bridge between coding agents and a person's phone, over Telegram."""
