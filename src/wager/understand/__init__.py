"""Understanding: what content is about."""
