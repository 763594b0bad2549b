"""HTTP connections by purpose, and their counters.

Empty on purpose: commands that must start within milliseconds import `counters`.
"""
