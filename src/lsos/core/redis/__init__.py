"""The Redis client with all key prefixes, and leases."""
