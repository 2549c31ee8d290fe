"""Room 3: arrays and a query become searches — streets, timetable profiles, journeys, reasons."""
