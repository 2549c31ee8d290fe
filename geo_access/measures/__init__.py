"""Room 6: opportunity measures over travel times."""
