"""The verbs of `floorgate`. Each module adds its verbs to the parser; a verb is one function."""
