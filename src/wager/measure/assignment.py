"""Who is held out and who gets which variant: a keyed hash of the person, the same every time."""

from collections.abc import Mapping

from wager.stats.draws import uniform


def held_out(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    """Whether this person always gets the default in this placement.

    Nobody can be steered in or out without the secret. Raising `share` (0 to 1) keeps everybody
    who was held out before.
    """
    return uniform(secret, "holdout", placement, profile_id) < share


def left_alone(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    """Whether this person is left alone where talking harms; the others show whether it still does.

    It is drawn apart from the holdout.
    """
    return uniform(secret, "left-alone", placement, profile_id) < share


def variant(
    secret: bytes, profile_id: str, experiment: str, shares: Mapping[str, float]
) -> str | None:
    """The variant of an experiment that this person gets; None for the share that nobody claims.

    Variants lie side by side on [0, 1) in the order of their names, so it does not matter in
    which order they are declared.

    >>> variant(b"secret", "ada", "colours", {"red": 1.0})
    'red'
    """
    u = uniform(secret, "experiment", experiment, profile_id)
    reached = 0.0
    for name in sorted(shares):
        reached += shares[name]
        if u < reached:
            return name
    return None
