"""Room 9: what people keep — study report, adviser sheet, methodology annex."""
