"""What Prometheus may ask: requests, decisions, events, and how long they took."""

from collections import deque
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from wager.domain.alarms import Alarm
from wager.domain.decisions import Decision
from wager.domain.events import Collected

MEDIA = CONTENT_TYPE_LATEST
LATELY = 2000
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "wager_requests", "Requests by route and status.", ["route", "status"],
            registry=self.registry,
        )  # fmt: skip
        self._decide = Histogram(
            "wager_decide_seconds", "Time from a decoded request to its durable decisions.",
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self._decisions = Counter(
            "wager_decisions", "Decisions by level.", ["level"], registry=self.registry
        )
        self._events = Counter(
            "wager_events", "Events by what became of them.", ["outcome"], registry=self.registry
        )
        self._learnt = Gauge(
            "wager_learn_seconds", "How long the last fold took.", registry=self.registry
        )
        self._failed = Counter(
            "wager_learn_failures", "Folds that failed; the log says why.", registry=self.registry
        )
        self._waiting = Gauge(
            "wager_requests_under_way", "Requests that are not answered yet.",
            registry=self.registry,
        )  # fmt: skip
        self._queue = Gauge(
            "wager_store_queue", "Requests that wait for their commit.", registry=self.registry
        )
        self._alarms = Gauge(
            "wager_drift_alarms", "Drifts in force, by placement and kind.", ["placement", "kind"],
            registry=self.registry,
        )  # fmt: skip
        self._lately: deque[float] = deque(maxlen=LATELY)
        self._counted: dict[tuple[str, int], Counter] = {}
        self._levels: dict[str, Counter] = {}
        for outcome in ("accepted", "duplicate", "quarantined"):
            self._events.labels(outcome)

    def begin(self) -> None:
        """A request has come."""
        self._waiting.inc()

    def count(self, route: str, status: int) -> None:
        """A request was answered."""
        self._waiting.dec()
        counter = self._counted.get((route, status))
        if counter is None:
            counter = self._requests.labels(route, str(status))
            self._counted[route, status] = counter
        counter.inc()

    def decided(self, decisions: Sequence[Decision], seconds: float) -> None:
        """Decisions are durable."""
        self._decide.observe(seconds)
        self._lately.append(seconds)
        for decision in decisions:
            counter = self._levels.get(decision.level)
            if counter is None:
                counter = self._levels[decision.level] = self._decisions.labels(decision.level)
            counter.inc()

    def collected(self, result: Collected) -> None:
        """Events are durable, or in quarantine."""
        if result.accepted:
            self._events.labels("accepted").inc(result.accepted)
        if result.duplicates:
            self._events.labels("duplicate").inc(result.duplicates)
        if result.quarantined:
            self._events.labels("quarantined").inc(len(result.quarantined))

    def learnt(self, seconds: float) -> None:
        """A fold was made."""
        self._learnt.set(seconds)

    def learning_failed(self) -> None:
        """A fold was not made."""
        self._failed.inc()

    def latency_ms(self) -> dict[str, float]:
        """Percentiles of the last decisions' times; empty before the first."""
        lately = sorted(self._lately.copy())
        if not lately:
            return {}
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        return {
            name: round(lately[int(share * (len(lately) - 1))] * 1000, 3)
            for name, share in shares.items()
        }

    def text(self, queue: int, alarms: Iterable[Alarm] = ()) -> bytes:
        """The exposition format; `queue` requests wait for their commit."""
        self._queue.set(queue)
        self._alarms.clear()
        for alarm in alarms:
            if alarm.over_at is None:
                self._alarms.labels(alarm.placement, alarm.kind).set(1)
        return generate_latest(self.registry)
