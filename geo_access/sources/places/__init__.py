"""Where people live: zones, population, addresses."""
