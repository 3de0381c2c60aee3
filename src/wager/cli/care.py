"""Commands that look after a store: doctor, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from wager.cli.showing import out, say

StoreUrl = Annotated[str, typer.Option("--store", help="The store: sqlite:///shop.db")]


def doctor(store: StoreUrl = "sqlite:///wager.db") -> None:
    """Look a store over and say what is wrong with it, and what to do."""
    out.print(store)


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write")],
    store: StoreUrl = "sqlite:///wager.db",
) -> None:
    """Copy a store into one file, also while a server holds it."""
    say(f"{store} {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="The file of a backup")],
    store: StoreUrl = "sqlite:///wager.db",
) -> None:
    """Put a backup in the place of a store."""
    say(f"{store} {source}")
