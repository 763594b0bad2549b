"""The error of a tool that cannot do its work.

Start-cheap: imports nothing.
"""


class Refusal(Exception):
    """A tool error for the client: a sentence that says what to do."""
