"""The reader of this process's crawls."""

from lsos.core.resources import Resources
from lsos.reader.reader import Reader


def page_reader(resources: Resources) -> Reader:
    """Starts its child process with the first page."""
    settings = resources.settings
    reader = Reader(page_cpu_s=settings.reader_page_seconds, memory_mb=settings.reader_memory_mb)
    resources.on_close(reader.close)
    return reader
