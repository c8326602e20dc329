"""One room per language; no room knows another."""
