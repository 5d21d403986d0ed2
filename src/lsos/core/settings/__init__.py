"""Frozen settings, and how they are read from the environment."""
