"""The same questions over the whole history: tables worked out in a child process."""
