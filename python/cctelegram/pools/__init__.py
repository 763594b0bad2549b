"""HTTP connections by purpose, and what they counted.

Empty on purpose: `loopback` is imported where ten milliseconds count.
"""
