"""Commands that serve: up, and the demonstration."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from wager.cli.demonstration import Demonstration
from wager.cli.showing import err, say
from wager.engine.engine import Engine
from wager.engine.engine import open as open_engine
from wager.engine.settings import Settings
from wager.server.app import has_console
from wager.server.keys import Opened, open_keys
from wager.server.running import listening, run

Host = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for every one")]
Port = Annotated[
    int, typer.Option(help="The port to listen on; 0 takes a free one", min=0, max=65535)
]
NewKeys = Annotated[bool, typer.Option("--new-keys", help="Make new keys; the old ones end")]


def up(
    store: Annotated[str, typer.Option(help="Where everything is kept")] = "sqlite:///wager.db",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    new_keys: NewKeys = False,
) -> None:
    """Serve the API and the console until Ctrl-C.

    ```
    wager up --store sqlite:///shop.db
    WAGER_SECRET_KEY=... WAGER_PUBLIC_KEY=... wager up --host 0.0.0.0 --port 80
    ```

    On the first start keys are made and printed once; the store keeps only their hashes. The
    secret key may do everything, the public key is safe in a browser.
    """
    engine, opened = open_with_keys(store, new_keys=new_keys)
    show_keys(opened)
    serve(engine, opened, host=host, port=port, ready=_ready(store))


def _ready(store: str) -> Callable[[str], None]:
    """Says where the store answers, and what there is to look at."""
    shown = (
        "the console at {}/console"
        if has_console()
        else "its documentation at {}/docs (for a console: pip install 'wager[console]')"
    )
    return lambda address: say(f"{store} answers at {address}, {shown.format(address)}")


def open_with_keys(store: str, *, new_keys: bool) -> tuple[Engine, Opened]:
    """The engine of a store and its keys; the caller closes the engine."""
    engine = open_engine(store, settings=Settings.from_environment())
    try:
        opened = open_keys(engine.stores, os.environ, new=new_keys)
        engine.live.signing_secret = opened.signing_secret
    except BaseException:
        engine.close()
        raise
    return engine, opened


def show_keys(opened: Opened) -> None:
    """New keys, once."""
    for name, value in opened.made.items():
        err.print(f"{name}={value}", markup=False)


def demo(
    store: Annotated[Path, typer.Option(help="The file of the demonstration's store")] = Path(
        ".wager/demo.db"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: delete that store")] = False,
    speed: Annotated[
        float, typer.Option(help="Hours of December a second; 0: as fast as it goes", min=0)
    ] = 1.0,
    check: Annotated[
        bool, typer.Option("--check", help="Do all, ask one decision, print it, and end")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    households: Annotated[
        int | None,
        typer.Option(help="Only so many households: a quick look", show_default=False, min=1),
    ] = None,
) -> None:
    """A retailer's year, served: history, live bets, a console, and December replayed.

    ```
    wager demo              # set up (minutes, once), serve, replay an hour a second
    wager demo --speed 24   # a day of December a second
    wager demo --fresh      # start over
    wager demo --check      # all of it, then one decision as JSON
    ```

    The data are Complete Journey, 84.51's sample of 2,469 households in 2017. It is a replay: the
    households never saw these bets, so it shows calibration and hit rate, not cause.
    """
    port = 0 if check else port
    listening(host, port).close()  # what is taken is said before the minutes of setting up
    show = Demonstration(store, hours_per_second=speed, check=check, households=households)
    if fresh:
        show.start_over()
    show.make_room()
    engine, opened = open_with_keys(show.url, new_keys=True)
    secret = os.environ.get("WAGER_SECRET_KEY") or opened.made["WAGER_SECRET_KEY"]
    try:
        show.set_up(engine)
    except BaseException:
        engine.close()
        raise
    if not check:
        show_keys(opened)
    try:
        serve(engine, opened, host=host, port=port,
              ready=lambda address: show.begin(address, secret))  # fmt: skip
    finally:
        show.end()


def serve(
    engine: Engine, opened: Opened, *, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Serve until told to stop; Ctrl-C and SIGTERM are the ordinary end."""
    try:
        run(engine, opened.keys, host=host, port=port, ready=ready)
    except KeyboardInterrupt:
        return
    except SystemExit as end:
        if end.code:
            raise
