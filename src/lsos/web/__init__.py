"""Parses what sites serve, from bytes to facts. Pure: no IO, no clock, no rooms."""
