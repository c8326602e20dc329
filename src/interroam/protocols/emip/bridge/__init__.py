"""What the core knows, as eMIP looks at it: changes since a date, EVSEs around a point."""
