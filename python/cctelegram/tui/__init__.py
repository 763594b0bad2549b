"""`cctelegram top`: the running bridge in a terminal, in a process of its own over the loopback API."""
