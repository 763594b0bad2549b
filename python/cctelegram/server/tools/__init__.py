"""The tools by subject; `cctelegram.server.dispatch` imports a file when one of its tools is first called."""
