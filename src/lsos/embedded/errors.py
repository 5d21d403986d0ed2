"""The one error of the embedded servers."""


class EmbeddedError(RuntimeError):
    """The embedded servers cannot be had; the message says what to do about it."""
