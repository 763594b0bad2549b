"""Profiles of the running bridge: imported with the first profile, and rendered by a child process."""
