"""What holds for all tests: none depends on how fast the machine is, nor on luck."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import settings

from wager.engine import fitting, live

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines in this process draw by keys that follow from the test's name alone, and fit by what
    is new alone, however long a fit takes."""
    monkeypatch.setattr(fitting, "RESTS", 0.0)
    monkeypatch.setattr(fitting, "QUICK", float("inf"))
    stream = random.Random(request.node.nodeid)
    monkeypatch.setattr(
        live,
        "secrets",
        SimpleNamespace(
            token_bytes=stream.randbytes, token_hex=lambda size: stream.randbytes(size).hex()
        ),
    )
