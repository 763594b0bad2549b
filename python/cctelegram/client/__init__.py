"""How a process outside the bridge reaches it: HTTP over loopback.

Start-cheap: imports nothing.
"""
