"""The command line: one file per noun, each a client of the node's own API, or of its files."""
