"""Commands that look after a store: doctor, backup, restore."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from wager.cli import options
from wager.cli.showing import as_json, out, progress, say
from wager.stores import backup as copies
from wager.stores.doctor import Finding, check

StoreUrl = Annotated[str, typer.Option("--store", help="The store: sqlite:///shop.db")]
COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def doctor(store: StoreUrl = "sqlite:///wager.db", json_: options.Json = False) -> None:
    """Look a store over: say what is wrong with it and what to do; nothing is changed.

    ```
    wager doctor --store sqlite:///shop.db
    ```

    It may be in use meanwhile. The exit code is 1 where something is wrong.
    """
    with _bar(f"looking at {store}") as done:
        findings = check(store, done)
    if json_:
        as_json(findings)
    else:
        _show(findings)
    if any(one.severity == "error" for one in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding]) -> None:
    for one in findings:
        out.print(f"[{COLOURS[one.severity]}]{one.severity}[/] {one.code}")
        out.print(f"    {one.what}", markup=False)
        out.print(f"    do: {one.way_out}", markup=False)
    if not any(one.severity == "error" for one in findings):
        out.print("nothing is wrong with it")


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet")],
    store: StoreUrl = "sqlite:///wager.db",
) -> None:
    """Copy a store into one file as it is at this moment; a server may go on working on it.

    ```
    wager backup shop-monday.db --store sqlite:///shop.db
    ```

    The signing secret stands in a file of its own beside the store, and is not in the copy.
    """
    with _bar(f"copying {store}") as done:
        copy = copies.backup(store, target, done)
    out.print(f"{copy.path}: {copy.bytes / 1e6:.1f} MB, found whole")


def restore(
    source: Annotated[Path, typer.Argument(help="The file of a backup")],
    store: StoreUrl = "sqlite:///wager.db",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the store that is there; what it holds is lost")
    ] = False,
) -> None:
    """Put a backup in the place of a store, once it was found whole and nobody uses the store.

    ```
    wager restore shop-monday.db --store sqlite:///shop.db --force
    ```
    """
    with _bar(f"restoring {store}") as done:
        copy = copies.restore(source, store, force=force, progress=done)
    out.print(f"{copy.path}: {copy.bytes / 1e6:.1f} MB, restored")
    say(f"next: wager up --store {store}")


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar that is told the share that is done."""
    with progress() as shown:
        task = shown.add_task(what, total=100)
        yield lambda share: shown.update(task, completed=round(100 * share))
        shown.update(task, completed=100)
