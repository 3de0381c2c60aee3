"""Measuring: was it worth it, are the odds honest, who is held out so that one can know."""

from wager.measure.assignment import held_out, variant
from wager.measure.book import Book
from wager.measure.calibration import Calibration
from wager.measure.comparison import lift, mean, relative
from wager.measure.metrics import Group, Rewards
from wager.measure.overview import Tally

__all__ = [
    "Book",
    "Calibration",
    "Group",
    "Rewards",
    "Tally",
    "held_out",
    "lift",
    "mean",
    "relative",
    "variant",
]
