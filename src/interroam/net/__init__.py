"""HTTP in and out, TLS, limits and addresses; this room knows no protocol that is spoken over them."""
