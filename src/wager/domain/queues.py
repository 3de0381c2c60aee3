"""The queue of use cases for the slots of one decision: what each counts, and who is first."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Running:
    """A use case in force for this person now. `context_value` is the product of what it says of
    the segments that the person is in."""

    name: str
    lever: float = 1.0
    context_value: float = 1.0
    mandatory: bool = False
    for_some: bool = False

    @property
    def times(self) -> float:
        """What multiplies the expected reward of the items that serve it."""
        return self.lever * self.context_value


@dataclass(frozen=True, slots=True)
class Queue:
    """The use cases in force for this person, first who wins where they are equal; `beside` are
    those in force for others alone. `serves` keeps which one each item serves. `full` are in force
    for this person, too, but were shown often enough; `rests` keeps which items wait for them."""

    running: tuple[Running, ...]
    beside: tuple[str, ...] = ()
    serves: dict[str | None, Running | None] = field(default_factory=dict)
    full: tuple[Running, ...] = ()
    rests: dict[str, bool] = field(default_factory=dict)
