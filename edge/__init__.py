"""Floorgate on the box."""
