"""Times as results: matrices, windows, round trips, shifts, chains, streams."""
