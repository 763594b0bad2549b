"""The MCP server: `run` (start), `dispatch` (a call to its tool), `session`, `tools/` by subject.

Imports nothing: every import of `run` adds to the start time of every agent session.
"""


class ToolError(Exception):
    """An error for the agent: a sentence that says what to do."""
