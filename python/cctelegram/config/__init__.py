"""Settings: where they come from, what they are, where the home lies.

Empty on purpose: `place` and `environment` are imported where ten milliseconds count.
"""
