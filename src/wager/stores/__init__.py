"""Our own memory, behind small doors."""
