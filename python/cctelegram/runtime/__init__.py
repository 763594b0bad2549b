"""The runtime of the components: context, signals, supervisor, retries, clocks, log."""
