"""Printer languages: labels to bytes, replies to facts. Everything here is pure."""
