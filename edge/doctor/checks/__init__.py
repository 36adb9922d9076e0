"""One check a module: `check(patient)` returns what it found."""
