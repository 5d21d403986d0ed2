"""Ground floor: plumbing that knows no domain."""
