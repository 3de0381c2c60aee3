"""What is cheap and what is dear among its like, and which of it a person buys."""

from collections.abc import Iterable, Mapping

from wager.domain.content import Item

Thirds = Mapping[tuple[str, str | None], tuple[float, float]]  # by first category and currency
FEWEST_PRICES = 6  # of a category, to be told what is cheap in it
FEWEST_BOUGHT = 3


def thirds(items: Iterable[Item]) -> Thirds:
    """The prices up to which an item is cheap in its first category, and from which it is dear."""
    prices: dict[tuple[str, str | None], list[float]] = {}
    for item in items:
        if item.price is not None and item.categories:
            prices.setdefault((item.categories[0], item.currency), []).append(item.price)
    found: dict[tuple[str, str | None], tuple[float, float]] = {}
    for key, known in prices.items():
        if len(known) >= FEWEST_PRICES:
            known.sort()
            found[key] = known[(len(known) - 1) // 3], known[-(len(known) - 1) // 3 - 1]
    return found


def price_level(items: Iterable[Item], known: Thirds) -> str | None:
    """Which of their like a person buys: `cheap`, `middle` or `dear`; None where too little of it
    has a price to compare.

    An item is 1 where it is dear, -1 where it is cheap, else 0: the mean is cheap below -1/3.

    >>> shelf = [Item(item_id=str(n), categories=["tea"], price=n) for n in range(1, 8)]
    >>> known = thirds(shelf)
    >>> known
    {('tea', None): (3, 5)}
    >>> price_level(shelf[:3], known), price_level(shelf, known), price_level(shelf[-3:], known)
    ('cheap', 'middle', 'dear')
    """
    total = count = 0
    for item in items:
        if item.price is None or not item.categories:
            continue
        ends = known.get((item.categories[0], item.currency))
        if ends is not None and ends[0] < ends[1]:
            count += 1
            total += (item.price >= ends[1]) - (item.price <= ends[0])
    if count < FEWEST_BOUGHT:
        return None
    return "cheap" if 3 * total < -count else "dear" if 3 * total > count else "middle"
