"""Local profiles of locations: snapshots, health, map-pack presence, NAP."""
