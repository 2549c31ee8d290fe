"""Room 5: times as shapes — surface, contours, counts inside bands."""
