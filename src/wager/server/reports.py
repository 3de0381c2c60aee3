"""Reports over HTTP: the same figures that the console shows."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wager.errors import NotFound, UnknownName
from wager.server.operations import Call, Operation
from wager.server.shared import Shared
from wager.server.wire import encode, query


class ReportQuery(msgspec.Struct, forbid_unknown_fields=True):
    placement: str | None = None
    hours: Annotated[float, Meta(gt=0, le=24 * 3660)] | None = None


class Reports:
    """The report routes over one engine."""

    def __init__(self, shared: Shared) -> None:
        self._service = shared

    def operations(self) -> Iterator[Operation]:
        """One report by name."""
        yield Operation(
            method="GET", path="/v1/reports/{name}", handler=self._report, query=ReportQuery,
            summary="overview, lift, calibration, health, levels, tradeoffs, shadow, "
            "hedge, stock, segments, ledger, stakeholders, diversity, journey, tactics, tags",
            answer=dict[str, Any],
            problems=(404,),
        )  # fmt: skip

    async def _report(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], ReportQuery)
        filters: dict[str, Any] = {
            name: value
            for name, value in (("placement", asked.placement), ("hours", asked.hours))
            if value is not None
        }
        try:
            report = await self._service.in_thread(
                self._service.engine.measuring.report, call.parts["name"], **filters
            )
        except UnknownName as error:
            if error.code != "unknown-report":
                raise
            raise NotFound(error.detail, code=error.code) from error
        return encode(report)
