"""Room 7: the diagnosis — supply, need, flags, reasons, confidence, remedies."""
