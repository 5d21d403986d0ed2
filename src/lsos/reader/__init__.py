"""Parses and checks untrusted pages in a child process that can be killed and has no secrets."""
