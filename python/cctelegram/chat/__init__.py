"""From the phone: updates, taps, messages, commands."""
