"""What the specification says about codes, headers, pages, URLs, roles and versions: tables and pure functions."""
