"""What handlers are given by name: the dependencies that the application provides."""

import asyncio

from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core import db, principal, settings, storage

Database = NamedDependency[db.Database]
Principal = NamedDependency[principal.Principal]
Sessions = NamedDependency[db.Sessions]
Settings = NamedDependency[settings.Settings]
Session = NamedDependency[AsyncSession]
Stopping = NamedDependency[asyncio.Event]
"""Set when the process is asked to end: streams end themselves."""
Storage = NamedDependency[storage.Storage]
"""Artifacts of reports."""
