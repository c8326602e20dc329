"""What is owed to receivers: the dispatch, its couriers, and what they have in hand."""
