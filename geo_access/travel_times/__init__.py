"""Room 4: times as results — matrices, windows, shifts, chains, streams."""
