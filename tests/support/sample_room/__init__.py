"""A room that no other file knows: what a newcomer writes, joined by its manifest alone."""
