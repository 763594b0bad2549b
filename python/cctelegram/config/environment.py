"""The only module that reads the environment of the process.

An empty variable counts as unset: `TOKEN= command` is how a shell unsets a setting.

Start-cheap: imports only os.
"""

import os


def get(name: str) -> str | None:
    """Return the value of the variable `name`; None if it is unset or empty."""
    return os.environ.get(name) or None


def snapshot() -> dict[str, str]:
    """Return a copy of all variables that are not empty."""
    return {name: value for name, value in os.environ.items() if value}
