"""Who is in each segment, what is popular there, and where its people are not talked to."""

from typing import Any

from wager.domain.definitions import UseCase
from wager.engine.live import Live

SHOWN = 10


def segments_of(live: Live) -> dict[str, Any]:
    """Of each segment: how many people are stored in it, what is popular there and what sets it
    apart, who leaves it out or alone, and how often its condition could not be worked out."""
    members = live.stores.profiles.count()
    stored = [one.definition for one in live.stores.definitions.list("usecases")]
    cases = [one for one in stored if isinstance(one, UseCase)]
    return {
        "people": members.get("", 0),
        "segments": {
            name: {
                "people": members.get(name, 0),
                "inTheMoment": compiled.at_decision,
                **_liked(live, name),
                "excludedFrom": [
                    one.name for one in live.placements.values() if name in one.exclude
                ],
                "leftAloneIn": sorted(
                    where for where, harmed in live.snapshot.harmed.items() if name in harmed
                ),
                "useCases": [one.name for one in cases if name in one.segments],
                "conditionErrors": live.condition_errors.get(name, 0),
            }
            for name, compiled in live.segments.items()
        },
    }


def _liked(live: Live, segment: str) -> dict[str, list[dict[str, Any]]]:
    """The most popular items, and those of them that are bought more often than by everybody."""
    rates = live.snapshot.rates
    ranked = [
        (name, share, rates.of(name))
        for name, share in live.snapshot.popular_in.get(segment, ())
        if name in live.items
    ]
    telling = [one for one in ranked if 0.0 < one[2] < one[1]]
    telling.sort(key=lambda one: -one[1] / one[2])
    return {
        "popular": [_shares(live, *one) for one in ranked[:SHOWN]],
        "apart": [_shares(live, *one) for one in telling[:SHOWN]],
    }


def _shares(live: Live, name: str, share: float, everybody: float) -> dict[str, Any]:
    title = live.items[name].title
    return {"itemId": name, "title": title, "share": share, "everybody": everybody}
