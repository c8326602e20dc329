"""Nouns: frozen values without I/O. Everything else in the house speaks in these."""
