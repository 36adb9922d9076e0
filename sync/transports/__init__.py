"""Ways to carry the link's frames."""
