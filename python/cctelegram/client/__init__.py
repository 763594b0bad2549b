"""How a process outside the bridge reaches it: its lock, its address, requests over loopback HTTP.

Start-cheap: imports nothing.
"""


class BridgeError(Exception):
    """The bridge did not do what was asked; `str()` is a sentence for the person.

    Attributes:
        code: The HTTP status of the bridge's answer; 0 without one.
    """

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


class Unreachable(BridgeError):
    """No bridge runs, or the one that runs does not answer."""
