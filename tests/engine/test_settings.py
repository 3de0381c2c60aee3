"""Settings come from the environment; one that cannot be used is named with its bound."""

import pytest

from wager.engine.settings import Settings
from wager.errors import BadInput


def test_settings_are_read_from_the_environment() -> None:
    read = Settings.from_environment({"WAGER_EVENT_DAYS": "30", "WAGER_ORIGINS": "*"})
    assert (read.event_days, read.origins, read.decision_days) == (30, "*", 90)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WAGER_EVENT_DAYS", "x"),
        ("WAGER_EVENT_DAYS", "0"),
        ("WAGER_DECISION_DAYS", "-1"),
        ("WAGER_CHECKPOINT_SECONDS", "0"),
        ("WAGER_REQUESTS_PER_SECOND", "nan"),
        ("WAGER_PUBLIC_REQUESTS_PER_SECOND", "-5"),
        ("WAGER_BATCH_MEMORY_MB", "1"),
    ],
)
def test_what_would_throw_everything_away_is_refused(variable: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"{variable} is '{value}', which cannot be used: Expected"):
        Settings.from_environment({"WAGER_ORIGINS": "*", variable: value})
