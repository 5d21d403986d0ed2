"""A real PostgreSQL and Valkey from wheels, so that LSOS runs without other installation."""

from lsos.embedded.errors import EmbeddedError
from lsos.embedded.stores import Running, Stores, find, start

__all__ = ["EmbeddedError", "Running", "Stores", "find", "start"]
