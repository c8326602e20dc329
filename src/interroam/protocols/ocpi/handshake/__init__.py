"""Registration: who we are, who they are, and the exchange of secrets, started by either side (sheet 2.1)."""
