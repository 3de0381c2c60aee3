"""Commands that bring things in: init, import, apply, diff."""

from collections.abc import Iterator
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
import typer

from wager.cli import options
from wager.cli.folder import Change, apply_changes, compare, read_folder
from wager.cli.showing import err, out, progress, say
from wager.cli.talking import NDJSON, Refused, Server, path_of, reach
from wager.connectors.files import BadLine, Batch, read_events, read_items
from wager.connectors.mapping import Columns, read_columns
from wager.domain.content import Item
from wager.errors import BadInput

Made = TypeVar("Made")
EVENTS_BYTES = 400_000  # a batch of the API takes 500 kB
BAD_SHOWN = 20
ITEMS_AT_ONCE = 2000


def init(folder: options.Folder) -> None:
    """Make a folder of commented definitions to begin with.

    Nothing is overwritten. Change the files, then write them into the store:

    ```
    wager init shop
    wager apply shop --store sqlite:///shop.db
    ```
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"no folder can be made at {folder} ({error.strerror}); choose another place"
        ) from error
    starter = resources.files("wager.cli").joinpath("starter")
    for file in sorted(starter.iterdir(), key=lambda one: one.name):
        target = folder / file.name
        if target.exists():
            say(f"{target} is there already and stays as it is")
            continue
        target.write_text(file.read_text("utf-8"), "utf-8")
        out.print(f"made {target}", markup=False)
    say(f"next: wager apply {folder} --store sqlite:///shop.db")


def apply(
    folder: options.Folder,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
    delete: Annotated[
        bool, typer.Option(help="Take out of force what the folder does not have")
    ] = False,
) -> None:
    """Write a folder's definitions (and its items) into a store; only what differs is written.

    ```
    wager apply shop --store sqlite:///shop.db
    wager apply shop                              # into the running server
    wager apply shop --delete                     # and take out what is gone
    ```

    Look first with `wager diff`. Every version is kept; nothing that was applied is lost.
    """
    wanted = read_folder(folder)
    with reach(store, url, key) as server:
        if wanted.items:
            _put_items(server, wanted.items)
            out.print(f"items: {len(wanted.items)} created or replaced")
        changes = list(compare(server, wanted))
        count = 0
        for change, warnings in apply_changes(
            server, wanted, changes, prune="delete" if delete else "keep"
        ):
            count += 1
            _show(change)
            for warning in warnings:
                say(f"warning: {warning}", style="yellow")
        same = sum(change.what == "same" for change in changes)
        say(f"{count} written, {same} the same as before")


def diff(
    folder: options.Folder,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Show what `wager apply` would change: + new, ~ changed, - in force but not in the folder.

    ```
    wager diff shop --store sqlite:///shop.db
    ```
    """
    wanted = read_folder(folder)
    with reach(store, url, key) as server:
        changes = [change for change in compare(server, wanted) if change.what != "same"]
        for change in changes:
            _show(change)
    if not changes:
        say("no difference")


def _show(change: Change) -> None:
    sign = {"new": "[green]+[/]", "changed": "[yellow]~[/]", "only in force": "[red]-[/]"}
    out.print(f"{sign[change.what]} {change.kind} {change.name}")
    for name, before, after in change.fields:
        out.print(f"    {name}: {_json(before)} -> {_json(after)}", markup=False)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def import_(
    what: Annotated[Literal["items", "events"], typer.Argument(help="What the file holds")],
    file: Annotated[
        Path,
        typer.Argument(help=".jsonl, .csv, .tsv (also .gz), .parquet", exists=True, dir_okay=False),
    ],
    columns: Annotated[
        Path | None,
        typer.Option(help="A YAML file that says which column is which field", show_default=False),
    ] = None,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Take in items or events from a file.

    ```
    wager import items catalogue.csv --store sqlite:///shop.db
    wager import events history.jsonl.gz
    wager import items export.parquet --columns columns.yaml
    ```

    Without --columns the columns have the fields' own names; a dot leads into an object
    (`attributes.colour`), `tags` may be `red|cotton:0.5`. A columns file looks like this:

    ```
    fields:
      itemId: sku
      price: {column: cents, scale: 0.01}
      currency: {value: EUR}
      availableFrom: {column: since, timezone: Europe/Berlin}
    ```

    The same file again changes nothing. A line that cannot be read is named, the rest is taken.
    """
    mapping = read_columns(columns) if columns is not None else None
    with reach(store, url, key) as server:
        bad = (
            _import_items(server, file, mapping)
            if what == "items"
            else _import_events(server, file, mapping)
        )
    for line in bad[:BAD_SHOWN]:
        err.print(f"{file.name}, line {line.line}: {line.detail}", style="red", markup=False)
    if len(bad) > BAD_SHOWN:
        say(f"and {len(bad) - BAD_SHOWN} more lines that could not be used")
    if bad:
        raise typer.Exit(1)


def _import_items(server: Server, file: Path, columns: Columns | None) -> list[BadLine]:
    bad: list[BadLine] = []
    count = 0
    for batch in _shown(f"items of {file.name}", read_items(file, columns, size=ITEMS_AT_ONCE)):
        bad += batch.bad
        refused = list(_put_singly(server, batch.made, batch.lines))
        count += len(batch.made) - len(refused)
        bad += refused
    out.print(f"{count:,} items created or replaced, {len(bad):,} lines could not be used")
    return bad


def _put_singly(server: Server, items: list[Item], lines: list[int]) -> Iterator[BadLine]:
    """Write them all at once; where the server takes none for the sake of one, the two halves."""
    try:
        _put_items(server, items)
    except Refused as error:
        if error.code != BadInput.code:
            raise
        if len(items) == 1:
            yield BadLine(lines[0], error.detail)
            return
        half = len(items) // 2
        yield from _put_singly(server, items[:half], lines[:half])
        yield from _put_singly(server, items[half:], lines[half:])


def _put_items(server: Server, items: list[Item]) -> None:
    if items:
        body = b"\n".join(map(msgspec.json.encode, items))
        server.ask("POST", path_of("items"), body, NDJSON)


def _import_events(server: Server, file: Path, columns: Columns | None) -> list[BadLine]:
    bad: list[BadLine] = []
    quarantined: list[BadLine] = []
    accepted = repeated = 0
    for batch in _shown(f"events of {file.name}", read_events(file, columns)):
        bad += batch.bad
        lines = iter(batch.lines)
        for events in _in_bodies([msgspec.json.encode(event) for event in batch.made]):
            body = b'{"batch":[' + b",".join(events) + b"]}"
            answer = server.ask("POST", path_of("import"), body)
            accepted += answer["accepted"]
            repeated += answer["duplicates"]
            waiting = {one["index"]: one["detail"] for one in answer["quarantined"]}
            for index, line in enumerate(islice(lines, len(events))):
                if index in waiting:
                    quarantined.append(BadLine(line, f"in quarantine: {waiting[index]}"))
    out.print(
        f"{accepted:,} events taken in, {repeated:,} known already, "
        f"{len(quarantined):,} in quarantine, {len(bad):,} lines could not be read"
    )
    return sorted(bad + quarantined, key=lambda one: one.line)


def _in_bodies(events: list[bytes]) -> Iterator[list[bytes]]:
    """As many events at once as the API takes in one body."""
    held: list[bytes] = []
    size = 0
    for event in events:
        if held and size + len(event) > EVENTS_BYTES:
            yield held
            held, size = [], 0
        held.append(event)
        size += len(event) + 1
    if held:
        yield held


def _shown(what: str, batches: Iterator[Batch[Made]]) -> Iterator[Batch[Made]]:
    """The batches as they are, with a bar of how much of the file is read."""
    with progress() as bar:
        task = bar.add_task(what, total=None)
        lines = 0
        for batch in batches:
            yield batch
            lines += len(batch.made) + len(batch.bad)
            total = round(lines / batch.share) if batch.share else None
            bar.update(task, completed=lines, total=total)
