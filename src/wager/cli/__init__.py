"""The command line: `wager --help`."""

from wager.cli.app import app, main

__all__ = ["app", "main"]
