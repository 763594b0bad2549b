# ruff: noqa: PYI021  the stub is the manual, so it has docstrings
"""The compiled parts of CCTelegram. This file is the manual; a test checks it against the binary.

Every call that works on files or waits releases the interpreter lock once around all of it. What comes
back is frozen: owned by the caller, safe in any thread. Errors are built-in exceptions: OSError (with errno
and file name) for the file system, ValueError for what was asked wrongly.
"""

__version__: str
BUILD_PROFILE: str  # "release" or "debug"; figures measured on a debug build mean nothing

# --- spool

# --- markup

# --- mcp
