"""Devices that are the real protocol run from the other end, for the demo and the tests."""
