"""What the specification decides: status codes and identifiers."""
