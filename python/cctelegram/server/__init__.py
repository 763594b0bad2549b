"""The MCP server: `run` (start), `dispatch` (a call to its tool), `session`, `bridge`, `tools/` by subject.

Empty on purpose: every import of `run` adds to the start time of every agent session.
"""
