"""A real PostgreSQL and Valkey from wheels, so that nothing has to be installed to run LSOS."""

from lsos.embedded.errors import EmbeddedError
from lsos.embedded.stores import Running, Stores, find, start

__all__ = ["EmbeddedError", "Running", "Stores", "find", "start"]
