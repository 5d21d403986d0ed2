"""One engine for everything that is asked of others, a unit at a time."""
