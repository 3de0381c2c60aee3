"""Other people's systems: files of items and events."""
