"""How pairs are counted: the window, the least support, and how much memory it may take."""

import msgspec


class Counting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What counts as together: bought by one profile in one window of `window_days`.

    `least_profiles` is the support of an item, `least_together` that of a pair, in units.
    """

    window_days: float = 30.0
    least_profiles: int = 20
    least_together: int = 3
    most_items: int = 1000
    most_neighbours: int = 30
    memory_limit_mb: int = 512
    threads: int = 2
