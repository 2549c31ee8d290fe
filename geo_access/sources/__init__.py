"""Room 1: the world becomes typed tables; the only room that may reach the internet."""
