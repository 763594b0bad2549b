"""Policy: mode, quiet hours and rules decide if an event is sent, held, dropped or silent; and routes."""
