"""The counters of one pool.

Start-cheap: imports nothing.
"""


class Counters:
    """Counters of one pool; only the pool writes them, `snapshot` reads them.

    `requests` counts attempts, `reused` those that found an open connection; `opened` counts connections
    made, `open` those that are open now, `in_use` those that carry a request; `waits` counts requests that
    waited for a free connection, `wait_seconds` is their total wait. `tls_seconds` is the total time of
    `tls_handshakes`. `errors` counts failed requests by class of error.
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
        """Return a copy of the counters, with `idle`: open and not in use."""
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
