"""Commands that ask: decide, explain, learn, report."""

import json
from typing import Annotated, Any, Literal

import msgspec
import typer

from wager.batch.tables import also_bought_in_child
from wager.batch.taste import taste_in_child
from wager.cli import options
from wager.cli.showing import as_json, figure, out, progress, say, table
from wager.cli.talking import existing, path_of, reach
from wager.engine.engine import open as open_engine
from wager.engine.settings import Settings
from wager.errors import BadInput, MissingExtra

REPORTS = Literal[
    "overview", "lift", "calibration", "journey", "levels", "shadow", "stakeholders", "tradeoffs",
    "diversity", "tactics", "tags", "hedge", "segments", "stock", "ledger", "health",
]  # fmt: skip


def decide(
    placement: Annotated[str, typer.Argument(help="The placement's name")],
    user: Annotated[str | None, typer.Option(help="The person's userId")] = None,
    anonymous: Annotated[str | None, typer.Option(help="The device's anonymousId")] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="What is true now, NAME=VALUE; may be repeated")
    ] = None,
    preview: Annotated[
        bool, typer.Option(help="Only ask: nothing is logged, reserved or taught")
    ] = True,
    explain: Annotated[
        bool, typer.Option(help="Show the candidates and what was left out")
    ] = False,
    json_: options.Json = False,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Ask what a person would be shown in a place, with odds and reasons.

    ```
    wager decide home --user u-1
    wager decide home --user u-1 --context channel=web --context cart='["p-3"]' --explain
    wager decide home --anonymous a-1 --no-preview --json      # a real bet, logged
    ```
    """
    request: dict[str, Any] = {"placement": placement, "explain": explain, "preview": preview}
    request |= {
        name: value for name, value in (("userId", user), ("anonymousId", anonymous)) if value
    }
    request["context"] = dict(map(_pair, context or ()))
    with reach(existing(store), url, key) as server:
        decision = server.ask("POST", path_of("decide"), msgspec.json.encode(request))
    if json_:
        as_json(decision)
    else:
        _show_bet(decision)


def _pair(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise BadInput(f"--context {text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def explain(
    decision_id: Annotated[str, typer.Argument(help="The decision's id")],
    json_: options.Json = False,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Open one bet: what was chosen with which odds and why, what was left out, what came of it.

    ```
    wager explain 5f0c...
    ```
    """
    with reach(existing(store), url, key) as server:
        decision = server.ask("GET", path_of("decisions", decision_id))
    if json_:
        as_json(decision)
    else:
        _show_bet(decision)


def _show_bet(decision: dict[str, Any]) -> None:
    out.print(
        f"[bold]{decision['placement']}[/] at {decision['at']}: "
        f"level [bold]{decision['level']}[/], policy {decision['policy']}, "
        f"model {decision['modelVersion']}"
        + (", held out" if decision.get("holdout") else "")
        + (", a replay" if decision.get("replayed") else "")
    )
    rows = [
        (
            choice["slot"],
            "nothing" if choice["itemId"] is None else choice["itemId"],
            choice.get("content", {}).get("title", ""),
            choice["propensity"],
            f"{choice['expectedReward']:.4g} ± {choice['standardError']:.2g}",
            "; ".join(reason["text"] for reason in choice.get("reasons", ())),
        )
        for choice in decision["choices"]
    ]
    table(("slot", "item", "title", "odds", "expected", "why"), rows)
    safe = decision.get("default")
    if safe:
        out.print(f"the safe choice: {safe['itemId']}, expected {safe['expectedReward']:.4g}")
    for reason in decision.get("steppedDown", ()):
        out.print(f"not bolder: {reason['text']}", markup=False)
    _show_rest(decision)
    if "state" in decision:
        out.print(f"what came of it: {decision['state']}, reward {decision.get('reward', 0):.4g}")
        outcomes = decision.get("outcomes", ())
        if outcomes:
            table(
                ("at", "event", "item", "reward"),
                [(one["at"], one["event"], one["itemId"], one["reward"]) for one in outcomes],
            )


def _show_rest(decision: dict[str, Any]) -> None:
    others = decision.get("candidates") or ()
    if others:
        table(
            ("candidate", "odds", "expected"),
            [(one["itemId"], one["propensity"], one["expectedReward"]) for one in others],
            title="The others",
        )
    left_out = decision.get("excluded") or ()
    if left_out:
        table(("left out", "rule"), [(one["itemId"], one["rule"]) for one in left_out])


def learn(
    store: Annotated[str, typer.Option(help="The store, held by no server: sqlite:///shop.db")],
) -> None:
    """Learn from the whole history: settle bets, fold rewards, work out what is also bought.

    ```
    wager learn --store sqlite:///shop.db
    ```

    A running server folds what comes in every second by itself. The table of what is also bought
    is worked out in a child process by DuckDB (`pip install 'wager[batch]'`).
    """
    settings = Settings.from_environment()
    with open_engine(existing(store), settings=settings) as engine, progress() as bar:
        task = bar.add_task("folding what came in", total=None)
        status = engine.learn()
        bar.update(task, total=1, completed=1)
        task = bar.add_task("also bought, over the whole history", total=None)
        try:
            found = engine.learning.rebuild(
                lambda lines: also_bought_in_child(lines, memory_limit_mb=settings.batch_memory_mb),
                lambda lines: taste_in_child(lines, memory_limit_mb=settings.batch_memory_mb),
            )
            bar.update(task, total=1, completed=1)
        except MissingExtra as error:
            bar.update(task, visible=False)
            say(error.detail, style="yellow")
            found = 0
    out.print(f"{found:,} items have neighbours")
    table(("what", "figure"), status.items())


def report(
    name: Annotated[REPORTS, typer.Argument(help="Which report")] = "overview",
    placement: Annotated[str | None, typer.Option(help="One placement only")] = None,
    hours: Annotated[float | None, typer.Option(help="The last so many hours")] = None,
    json_: options.Json = False,
    store: options.Store = None,
    url: options.Url = None,
    key: options.Key = None,
) -> None:
    """Print a report: the same figures as the console.

    ```
    wager report                     # overview
    wager report lift --placement home
    wager report calibration --json
    ```
    """
    with reach(existing(store), url, key) as server:
        found = server.ask("GET", path_of("reports", name, placement=placement, hours=hours))
    if json_:
        as_json(found)
    else:
        _show_report(found)


def _show_report(report: dict[str, Any], *, under: str = "") -> None:
    """Figures first, then each list as a table, then what is nested, under its name."""
    plain = {name: value for name, value in report.items() if not _nested(value)}
    if plain:
        table(("figure", under), [(name, figure(value)) for name, value in plain.items()])
    for name, value in report.items():
        title = f"{under} {name}".strip()
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = [[figure(one) for one in row.values()] for row in value]
            table(value[0], rows, title=title)
        elif isinstance(value, dict) and value and _nested(value):
            _show_report(value, under=title)


def _nested(value: object) -> bool:
    match value:
        case {"type": "Estimate" | "NotEnough"}:
            return False
        case dict() | list():
            return bool(value)
        case _:
            return False
