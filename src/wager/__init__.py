"""wager: what should this person see in this place, now? Every answer is a bet, said openly."""

from wager.engine.engine import Engine, open
from wager.engine.settings import Settings
from wager.errors import WagerError

__all__ = ["Engine", "Settings", "WagerError", "open"]
