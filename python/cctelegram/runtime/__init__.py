"""What every component of the bridge stands on: context, signals, supervisor, retries, clocks, log."""
