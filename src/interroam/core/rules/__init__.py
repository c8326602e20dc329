"""What is decided without waiting for anything: verdicts, routing, visibility, quality, prices. Pure."""
