"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[
    str | None,
    typer.Option(
        help="A store that no server holds, opened here: sqlite:///shop.db", show_default=False
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        help="The address of a running server (WAGER_URL, else http://127.0.0.1:8000)",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(help="The server's secret key (else WAGER_SECRET_KEY)", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON")]
Folder = Annotated[Path, typer.Argument(help="The folder of YAML definitions")]
