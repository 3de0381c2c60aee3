"""What an event says that its person allows, in our two purposes."""

from collections.abc import Mapping
from typing import Any

from wager.collect.quality import Unreadable, shown
from wager.domain.identity import Purpose

# Which consent categories speak for which purpose (upper and lower case are one). A category that
# bears the purpose's own name decides; without it, one refused alias refuses.
CATEGORIES: dict[Purpose, tuple[str, ...]] = {
    "personalization": (
        "personalisation",
        "functional",
        "preferences",
        "advertising",
        "marketing",
        "targeting",
    ),
    "learning": ("analytics", "statistics", "performance", "measurement"),
}


def stated(context: Mapping[str, Any]) -> dict[Purpose, bool]:
    """What `context.consent.categoryPreferences` says of each purpose; silent ones are absent."""
    consent = context.get("consent")
    if consent is None:
        return {}
    preferences = consent.get("categoryPreferences", {}) if isinstance(consent, dict) else None
    if not isinstance(preferences, dict) or not all(
        isinstance(allowed, bool) for allowed in preferences.values()
    ):
        raise Unreadable(
            "bad-consent",
            f"consent is {shown(consent)}; each category is true or false:"
            ' {"categoryPreferences": {"personalization": true, "learning": false}}',
        )
    said = {category.strip().lower(): allowed for category, allowed in preferences.items()}
    found: dict[Purpose, bool] = {}
    for purpose, aliases in CATEGORIES.items():
        names = (purpose,) if purpose in said else aliases
        words = [said[name] for name in names if name in said]
        if words:
            found[purpose] = all(words)
    return found
