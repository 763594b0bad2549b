"""The MCP server: `run` (start), `dispatch` (a call to its tool), `session`, `bridge`, `tools/` by subject.

Empty on purpose: what `run` imports is paid at the start of every session of an agent.
"""
