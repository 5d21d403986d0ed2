"""The error of the embedded servers."""


class EmbeddedError(RuntimeError):
    """The embedded servers are unavailable; the message says what to do."""
