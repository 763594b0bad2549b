"""The Bot API: typed calls, its errors, the poller, who is heard."""
