"""Input from the phone: updates, taps, messages, commands."""
