"""The file spool: `inbox` (events in), `post` (an event out), `responses` (answers), `lock`."""
