"""What a node does by itself, again and again: schedules, pulls, announcements."""
