"""Loopback HTTP: status and control of the bridge, for this machine."""
