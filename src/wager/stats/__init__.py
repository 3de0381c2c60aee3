"""Mathematics that knows no profile, no item and no store."""
