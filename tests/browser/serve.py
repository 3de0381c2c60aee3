"""Runs one server with its console: `serve.py URL` prints its address when it answers."""

import sys

import wager
from wager.server.keys import open_keys
from wager.server.running import run


def main(url: str) -> None:
    engine = wager.open(url)
    opened = open_keys(engine.stores)
    engine.live.signing_secret = opened.signing_secret
    run(engine, opened.keys, port=0, ready=_say)


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
