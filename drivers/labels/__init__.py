"""Labels: a template and its data become a 1-bit picture. Everything here is pure."""
