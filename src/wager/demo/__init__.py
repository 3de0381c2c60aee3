"""The demonstration on real retail data."""
