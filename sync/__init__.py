"""The journal's bytes and chain, and the link between a box and its hub."""
