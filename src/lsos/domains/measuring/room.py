"""The manifest of measurements: it brings their table; what is measured, other rooms bring."""

from lsos.room import Room

ROOM = Room(package=__package__)
