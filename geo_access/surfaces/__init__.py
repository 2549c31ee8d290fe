"""Times as shapes: surfaces, bands, shares of departures, who lives inside."""
