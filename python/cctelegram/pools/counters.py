"""What one pool of connections counted.

Start-cheap: imports nothing.
"""


class Counters:
    """Plain counters of one pool; written by the pool alone, read through `snapshot`.

    `requests` counts the attempts, `reused` those that found an open connection; `opened` the connections
    made, `open` those that are open now and `in_use` the ones with a request on them; `waits` the requests
    that found no connection free at once, and `wait_seconds` how long all of them waited. `tls_seconds` is
    the time spent in `tls_handshakes`. `errors` counts failed requests by the kind of failure.
    """

    __slots__ = (
        "errors",
        "in_use",
        "open",
        "opened",
        "requests",
        "reused",
        "tls_handshakes",
        "tls_seconds",
        "wait_seconds",
        "waits",
    )

    def __init__(self) -> None:
        self.requests = 0
        self.opened = 0
        self.reused = 0
        self.open = 0
        self.in_use = 0
        self.waits = 0
        self.wait_seconds = 0.0
        self.tls_handshakes = 0
        self.tls_seconds = 0.0
        self.errors: dict[str, int] = {}

    def failed(self, kind: str) -> None:
        """Count one failed request under `kind`."""
        self.errors[kind] = self.errors.get(kind, 0) + 1

    def snapshot(self) -> "dict[str, int | float | dict[str, int]]":
        """Return the figures as they stand, with `idle` (open and not in use), as a copy."""
        return {
            "requests": self.requests,
            "opened": self.opened,
            "reused": self.reused,
            "in_use": self.in_use,
            "idle": self.open - self.in_use,
            "waits": self.waits,
            "wait_seconds": self.wait_seconds,
            "tls_handshakes": self.tls_handshakes,
            "tls_seconds": self.tls_seconds,
            "errors": dict(self.errors),
        }
