"""The law of the floor: pure functions from what is and what was asked to what happened."""
