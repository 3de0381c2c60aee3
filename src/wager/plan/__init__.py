"""Goals, deadlines, what is missing before the next bet."""
