"""Word lists, code lists and helpers that checks share."""
