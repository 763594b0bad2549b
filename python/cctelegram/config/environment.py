"""The environment of the process, read here and nowhere else.

A variable set to nothing counts as not set: `TOKEN= command` is how a shell takes a setting away.

Start-cheap: imports os alone.
"""

import os


def get(name: str) -> str | None:
    """Return the value of the variable `name`; None where it is missing or empty."""
    return os.environ.get(name) or None


def snapshot() -> dict[str, str]:
    """Return every variable that is set to something, as a copy the caller may keep."""
    return {name: value for name, value in os.environ.items() if value}
