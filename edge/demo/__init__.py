"""The demo: a floor with its people, orders of a real morning, and bots that work through it."""
