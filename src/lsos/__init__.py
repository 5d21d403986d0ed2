"""LSOS, a Local SEO Operating System."""

__version__ = "0.1.0"
