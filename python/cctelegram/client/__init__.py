"""How a process outside the bridge reaches it: its lock, its address, requests over loopback HTTP.

Start-cheap: imports nothing.
"""


class BridgeError(Exception):
    """The bridge did not do what was asked; `str()` is a sentence for the person."""


class Unreachable(BridgeError):
    """No bridge runs, or the one that runs does not answer."""
