"""What becomes of a statement besides its verdict: the gate, the price, what lapses and what waits."""
