"""What keeps a component from its work."""

from __future__ import annotations

from typing import Final, NamedTuple


class Problem(NamedTuple):
    """A problem that exists now.

    Attributes:
        reason: what is wrong, a sentence for a person.
        action: what to do about it; None where the reason says it.
    """

    reason: str
    action: str | None = None


# What to do where the bridge retries a write.
WRITABLE: Final = "Make room on the disk, or make the path writable; the bridge tries again by itself."
