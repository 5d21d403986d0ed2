"""Judging what was read: checks, and the engine that runs them. Pure: no IO, no clock, no room."""
