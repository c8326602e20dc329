"""HTTP in: authenticate, read, tell or ask or find, answer."""
