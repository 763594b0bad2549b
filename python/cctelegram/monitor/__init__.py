"""What the running product measures of itself."""
