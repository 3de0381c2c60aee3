"""The audit: a decision replayed 20,000 times from one snapshot falls as its logged odds say."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import chisquare

import wager
from wager.domain.asking import Ask
from wager.domain.decisions import DecideRequest
from wager.engine.engine import Engine
from wager.engine.framing import framed

ROUNDS = 20_000
ITEMS = 12


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A shop with a taste: item 0 is bought by all, the others by fewer and fewer."""
    with wager.open("memory://") as engine:
        engine.publish(
            items=[
                {
                    "itemId": f"p-{n}",
                    "title": f"Item {n}",
                    "creator": f"maker-{n % 5}",
                    "tags": {"new": 1.0} if n in (7, 9) else {"sale": 1.0} if n < 2 else {},
                }
                for n in range(ITEMS)
            ],
            goals=[{"name": "buy", "event": "Order Completed", "windowMinutes": 60}],
            placements=[
                {"name": "home", "slots": 2, "goal": "buy", "default": "p-0"},
                {
                    "name": "curated",
                    "slots": 3,
                    "goal": "buy",
                    "default": "p-0",
                    "atMost": {"creator": 1},
                    "exclusive": ["sale"],
                    "mustInclude": [{"tag": "new"}],
                },
                {"name": "maybe", "goal": "buy", "allowNothing": True, "exposureCost": 0.02},
            ],
        )
        rng = np.random.default_rng(3)
        engine.collect(
            [
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{number % 20}",
                    "messageId": f"m-{number}",
                    "timestamp": f"2026-01-{1 + number // 20:02d}T10:00:00Z",
                    "properties": {
                        "products": [
                            {"product_id": f"p-{n}", "price": 1.0, "quantity": 1}
                            for n in range(ITEMS)
                            if rng.random() < 0.9 / (n + 1)
                        ]
                        or [{"product_id": "p-0", "price": 1.0, "quantity": 1}]
                    },
                }
                for number in range(200)
            ]
        )
        engine.learn()
        yield engine


def ask(engine: Engine, placement: str) -> Ask:
    request = DecideRequest(placement=placement, user_id="u-1", preview=True)
    deciding = engine.deciding
    profile, known = deciding._who(request, False, engine.live.now())
    assert known
    return framed(
        engine.live,
        request,
        engine.live.placements[placement],
        profile,
        engine.live.now(),
        frozenset(),
    )


def replay(engine: Engine, placement: str) -> tuple[Counter[str | None], dict[str | None, float]]:
    """How often each item fell into the first slot, and the odds that every replay logged."""
    asked = ask(engine, placement)
    fallen: Counter[str | None] = Counter()
    odds: dict[str | None, float] = {}
    for number in range(ROUNDS):
        bet = engine.deciding.bettor.bet(asked, f"audit-{number}")
        logged = {one.item_id: one.propensity for one in bet.candidates}
        assert not odds or logged == odds
        odds = logged
        assert bet.choices[0].propensity == pytest.approx(odds[bet.choices[0].item_id])
        fallen[bet.choices[0].item_id] += 1
    return fallen, odds


@pytest.mark.parametrize("placement", ["home", "maybe"])
def test_what_falls_is_what_was_logged(engine: Engine, placement: str) -> None:
    fallen, odds = replay(engine, placement)
    names = list(odds)
    assert len(names) > 2
    counts = [fallen[name] for name in names]
    assert chisquare(counts, [odds[name] * ROUNDS for name in names]).pvalue > 1e-6
    sharpened = np.array([odds[name] for name in names]) ** 1.2
    sabotaged = sharpened / sharpened.sum() * ROUNDS
    assert chisquare(counts, sabotaged).pvalue < 1e-6


def slates(
    engine: Engine, placement: str
) -> tuple[Counter[tuple[str | None, ...]], dict[tuple[str | None, ...], float]]:
    """How often each slate fell, and the product of the propensities that it was logged with."""
    asked = ask(engine, placement)
    fallen: Counter[tuple[str | None, ...]] = Counter()
    said: dict[tuple[str | None, ...], float] = {}
    for number in range(ROUNDS):
        bet = engine.deciding.bettor.bet(asked, f"slate-{number}")
        slate = tuple(one.item_id for one in bet.choices)
        fallen[slate] += 1
        said[slate] = float(np.prod([one.propensity for one in bet.choices]))
    return fallen, said


def test_under_constraints_whole_slates_fall_as_was_logged(engine: Engine) -> None:
    fallen, said = slates(engine, "curated")
    items = engine.live.items
    for slate in fallen:
        assert slate[0] in ("p-7", "p-9")
        makers = [items[str(name)].creator for name in slate]
        assert len(set(makers)) == len(makers) == 3
        assert not {"p-0", "p-1"} <= set(slate)
    often = [slate for slate in said if said[slate] * ROUNDS >= 20]
    assert len(often) > 5

    def fits(power: float) -> float:
        expected = np.array([said[slate] ** power for slate in often])
        expected *= sum(said[slate] for slate in often) / expected.sum()
        rare = 1.0 - expected.sum()
        counts = [fallen[slate] for slate in often]
        counts.append(ROUNDS - sum(counts))
        return float(chisquare(counts, [*(expected * ROUNDS), rare * ROUNDS]).pvalue)

    assert fits(1.0) > 1e-6
    assert fits(1.3) < 1e-6
