"""Loopback HTTP: what the bridge says of itself to this machine."""
