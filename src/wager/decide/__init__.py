"""Who may be shown what, with which odds: from candidates to a drawn slate."""
