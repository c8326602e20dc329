"""What partners ask of this node: checked at the front, answered by the handlers of the table."""
