"""Codes on photographs: what is read, and the process that reads it."""
