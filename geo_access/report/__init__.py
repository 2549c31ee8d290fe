"""What people keep: the study report, its methodology annex, the adviser's sheet."""
