"""The reference hub: the central order system that a site without one can run."""
