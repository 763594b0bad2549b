"""A tool that cannot do what was asked.

Start-cheap: imports nothing.
"""


class Refusal(Exception):
    """What the client is told, as a tool error: a sentence that says what to do."""
