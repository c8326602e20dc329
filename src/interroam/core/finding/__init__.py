"""What is known, as a viewer may see it, and the complete story of a charge."""
