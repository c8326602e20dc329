"""What this node asks of its partners: facts delivered, questions put."""
