"""Measurements: each prints value, floor, ratio, target and verdict. None of them is a test."""
