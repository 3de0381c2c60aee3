"""`python -m wager` is the command `wager`."""

from wager.cli import main

if __name__ == "__main__":
    main()
