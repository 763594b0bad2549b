"""What decides whether an event is sent, held, dropped or silent: mode, quiet hours, rules; and routes."""
