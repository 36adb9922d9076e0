"""Printers, labels and, later, scanners. The rest of Floorgate uses `drivers.api` alone."""
