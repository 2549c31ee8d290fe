"""Training, employers, need, and the crosswalks between their nomenclatures."""
