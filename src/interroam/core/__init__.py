"""Verbs: tell, ask, find, and what follows from them. The core knows no protocol and no database."""
