"""The Bot API: typed calls, errors, the poller, access by user id."""
