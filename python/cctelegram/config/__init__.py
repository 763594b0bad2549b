"""Settings: their sources, their values, and the paths of the home.

Empty on purpose: `paths` and `environment` are imported where ten milliseconds count.
"""
