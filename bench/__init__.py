"""Measures this node, the plainest server that could do the same, and the best peer, all in one run."""
