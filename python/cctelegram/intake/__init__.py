"""From the spool to durable rows."""
