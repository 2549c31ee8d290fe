"""Every sentence that a person reads, in French and in English."""
