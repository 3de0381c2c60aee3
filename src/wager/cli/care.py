"""Commands that look after a store: doctor, backup, restore."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from wager.cli import options
from wager.cli.showing import as_json, out, progress, say
from wager.domain.definitions import DEFINITIONS, Definition, DefinitionKind
from wager.stores import backup as copies
from wager.stores.doctor import Finding, check
from wager.stores.open import open_store
from wager.testing.persofail import Played, play, scenarios

StoreUrl = Annotated[str, typer.Option("--store", help="The store: sqlite:///shop.db")]
COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def doctor(
    store: StoreUrl = "sqlite:///wager.db",
    persofail: Annotated[
        bool,
        typer.Option(
            "--persofail", help="Play what nobody should have to see against its placements"
        ),
    ] = False,
    json_: options.Json = False,
) -> None:
    """Look a store over: say what is wrong with it and what to do; nothing is changed.

    ```
    wager doctor --store sqlite:///shop.db
    wager doctor --store sqlite:///shop.db --persofail
    ```

    It may be in use meanwhile. The exit code is 1 where something is wrong.
    """
    if persofail:
        _persofail(store, as_json_=json_)
        return
    with _bar(f"looking at {store}") as done:
        findings = check(store, done)
    if json_:
        as_json(findings)
    else:
        _show(findings)
    if any(one.severity == "error" for one in findings):
        raise typer.Exit(1)


def _persofail(store: str, *, as_json_: bool) -> None:
    """Play every story against the placements that are in force in the store."""
    stores = open_store(store, read_only=True)
    try:
        own: dict[DefinitionKind, list[Definition]] = {
            kind: [one.definition for one in stores.definitions.list(kind)] for kind in DEFINITIONS
        }
    finally:
        stores.close()
    stories, found = scenarios(), []
    with _bar("playing what nobody should have to see") as done:
        for played in play(own, stories):
            found.append(played)
            done(len(found) / len(stories))
    if as_json_:
        as_json(found)
    else:
        _report(found)
    if any(one.verdict == "failed" for one in found):
        raise typer.Exit(1)


def _report(found: list[Played]) -> None:
    for one in found:
        if one.verdict == "failed":
            out.print(f"[red]failed[/] {one.name}: {one.story}")
            for what in one.seen:
                out.print(f"    {what}", markup=False)
            out.print(f"    do: {one.hint}", markup=False)
    silent = dict.fromkeys(what for one in found if one.verdict != "failed" for what in one.seen)
    for what in silent:
        out.print(f"not told in {what}", markup=False)
    counts = Counter(one.verdict for one in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in sorted(counts, reverse=True))
    out.print(f"{len(found)} stories: {told}")


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
