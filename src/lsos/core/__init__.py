"""Infrastructure that is independent of any domain."""
