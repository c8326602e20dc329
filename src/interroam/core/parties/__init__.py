"""Who is connected, under which agreements, and whether they are there."""
