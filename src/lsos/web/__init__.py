"""Reading the web: bytes of sites to facts. Pure: no IO, no clock, no room."""
