"""The tools by subject; `cctelegram.server.dispatch` imports a file when a tool of it is first called."""
