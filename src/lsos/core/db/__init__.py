"""The engine, sessions, and the base of all tables."""
