"""How far along a person is, from the first look to what comes long after the purchase."""

from collections.abc import Collection
from datetime import datetime, timedelta

from wager.domain.events import CART_ADDED, CLICKED, DISLIKED, LIKED, ORDERED
from wager.domain.profiles import Profile

# What a person does of their own accord: after it, unanswered messages are counted anew.
RESPONSES = (
    CLICKED, "Product Clicked", LIKED, DISLIKED, "Product Viewed", CART_ADDED, ORDERED, "page",
    "screen",
)  # fmt: skip
_CAME = ("page", "screen")
STAGES = {
    "new": "came on one day, and did nothing yet",
    "browsing": "has been here lately",
    "comparing": "looked at three things or more within two days, and has not ordered since",
    "cart": "something was put into the cart in the last seven days, and is still there",
    "bought": "ordered in the last seven days",
    "lapsed": "did nothing for sixty days",
}
OF_THE_PERSON = ("journeyStage", "priceLevel")  # what a decision's context tells of the person
COMPARED, COMPARED_WITHIN = 3, timedelta(days=2)
CART_KEPT = BOUGHT_LATELY = timedelta(days=7)
AWAY = timedelta(days=60)


def responded_at(profile: Profile) -> datetime | None:
    """When the person last did something of their own accord; None if never."""
    counts = profile.counts
    return max((counts[name].last_at for name in RESPONSES if name in counts), default=None)


def stage(profile: Profile, now: datetime, cart: Collection[str] | None = None) -> str:
    """Where the person stands, one of `STAGES`: what is nearest to a purchase counts first.

    `cart` is what is in it now, where that is told; else the profile's own is looked at.
    """
    since = now - CART_KEPT
    if cart if cart is not None else any(since < at <= now for at in profile.cart.values()):
        return "cart"
    counts = profile.counts
    ordered = counts[ORDERED].last_at if ORDERED in counts else None
    if len(profile.viewed) >= COMPARED:
        since = now - COMPARED_WITHIN if ordered is None else max(now - COMPARED_WITHIN, ordered)
        if sum(since < at <= now for at in profile.viewed.values()) >= COMPARED:
            return "comparing"
    if ordered is not None and now - ordered <= BOUGHT_LATELY:
        return "bought"
    latest = responded_at(profile)
    if latest is not None and now - latest > AWAY:
        return "lapsed"
    came_back = profile.visit_days & (profile.visit_days - 1)  # more than one bit is set
    acted = any(name in counts for name in RESPONSES if name not in _CAME)
    return "browsing" if acted or came_back else "new"
