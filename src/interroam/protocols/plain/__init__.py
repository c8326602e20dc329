"""The node's own API: JSON over HTTP, three verbs for back offices, and administration beside them."""
