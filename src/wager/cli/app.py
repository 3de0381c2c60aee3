"""The command `wager`: every command under its name, and errors without a traceback."""

import sys

import typer

from wager.cli import asking, care, content, measuring, serving
from wager.cli.showing import err
from wager.errors import BadInput, WagerError

app = typer.Typer(
    name="wager",
    help="What should this person see in this place, now? Every answer is a bet, said openly.\n\n"
    "Begin with `wager demo`, or with a shop of your own:\n\n"
    "```\n"
    "wager init shop\n"
    "wager apply shop --store sqlite:///shop.db\n"
    "wager up --store sqlite:///shop.db\n"
    "```",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
BEGIN, RUN, ASK, CARE = "Begin", "Bring in", "Ask", "Look after"
app.command("demo", rich_help_panel=BEGIN)(serving.demo)
app.command("up", rich_help_panel=BEGIN)(serving.up)
app.command("init", rich_help_panel=BEGIN)(content.init)
app.command("import", rich_help_panel=RUN)(content.import_)
app.command("apply", rich_help_panel=RUN)(content.apply)
app.command("diff", rich_help_panel=RUN)(content.diff)
app.command("decide", rich_help_panel=ASK)(asking.decide)
app.command("explain", rich_help_panel=ASK)(asking.explain)
app.command("learn", rich_help_panel=ASK)(asking.learn)
app.command("report", rich_help_panel=ASK)(asking.report)
app.command("doctor", rich_help_panel=CARE)(care.doctor)
app.command("backup", rich_help_panel=CARE)(care.backup)
app.command("restore", rich_help_panel=CARE)(care.restore)
app.command("bench", rich_help_panel=CARE)(measuring.bench)


def main() -> None:
    """The entry point: 2 for what was asked wrongly, 1 for what went wrong."""
    try:
        app()
    except WagerError as error:
        err.print(f"wager: {error.detail}", style="red", markup=False)
        sys.exit(2 if isinstance(error, BadInput) else 1)
