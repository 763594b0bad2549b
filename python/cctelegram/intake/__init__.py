"""Intake: from the spool to durable rows."""
