"""Streets as arrays: modes, turns, splitting, elevation, congestion."""
