"""Figures in the form Prometheus reads; counting an exchange costs a look-up and two additions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from interroam.net.http import Response

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from interroam.model.facts import Exchange

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS_US = tuple(round(bound * 1e6) for bound in BOUNDS_S)
MOST = 2_000
"""Rows of exchanges that are told apart; whatever comes beyond is counted as ``other``."""
LABELS = ("room", "direction", "operation", "code")
Row = tuple[str, bool, str, str]

METRICS = {
    "interroam_exchanges_total": ("counter", LABELS, "Requests answered (in) and made (out)."),
    "interroam_exchange_seconds": ("histogram", LABELS[:3], "How long they took."),
    "interroam_journal_head": ("gauge", (), "The number of the newest entry of the journal."),
    "interroam_tellings_waiting": ("gauge", (), "Facts that wait for the writer."),
    "interroam_traces_waiting": ("gauge", (), "Traces not written yet."),
    "interroam_shelf_size": ("gauge", (), "Entries partners refused, or that kept failing."),
    "interroam_courier_lag": ("gauge", ("party", "lane"), "Entries between a courier and the journal's head."),
    "interroam_courier_waiting": ("gauge", ("party", "lane"), "Entries a courier holds for its partner."),
    "interroam_courier_failures": ("gauge", ("party", "lane"), "Failures in a row since a courier last succeeded."),
    "interroam_courier_paused": ("gauge", ("party", "lane"), "1 while an operator holds a courier."),
    "interroam_partners": ("gauge", ("state",), "Partners by state."),
}
"""Every metric: its kind, its labels and what it says."""

Figures = Callable[[], Iterable[tuple[str, tuple[str, ...], float]]]
"""The gauges of this moment: name, values of the labels, value."""


class Metrics:
    """Counts exchanges and gathers the gauges when somebody asks."""

    def __init__(self, room_of: Callable[[str], str], figures: Figures) -> None:
        self._room_of = room_of
        self._figures = figures
        self._counts: dict[Row, list[float]] = {}
        self.then: Callable[[Exchange], None] = lambda _exchange: None
        """Who else is told of each exchange."""

    def saw(self, exchange: Exchange) -> None:
        """Count one exchange, and pass it on."""
        row = (exchange.partner, exchange.inward, exchange.operation, exchange.code)
        counts = self._counts.get(row)
        if counts is None:
            if len(self._counts) >= MOST:
                row = (exchange.partner, exchange.inward, "other", "other")
            counts = self._counts.setdefault(row, [0.0] * (len(BOUNDS_S) + 2))
        counts[bisect_left(_BOUNDS_US, exchange.latency_us)] += 1
        counts[-1] += exchange.latency_us / 1e6
        self.then(exchange)

    def page(self) -> Response:
        """Answer ``GET /metrics``."""
        return Response(200, [(b"content-type", CONTENT_TYPE_LATEST.encode())], generate_latest(self))

    def collect(self) -> Iterator[Metric]:
        """Yield everything; the registry of ``prometheus_client`` asks for it."""
        rows = self._rows()
        total = CounterMetricFamily("interroam_exchanges", METRICS["interroam_exchanges_total"][2], labels=LABELS)
        for labels, counts in rows.items():
            total.add_metric(labels, sum(counts[:-1]))
        yield total
        yield _latency(rows)
        gauges = {
            name: GaugeMetricFamily(name, text, labels=labels)
            for name, (kind, labels, text) in METRICS.items()
            if kind == "gauge"
        }
        for name, values, value in self._figures():
            gauges[name].add_metric(values, value)
        yield from gauges.values()

    def _rows(self) -> Mapping[tuple[str, ...], list[float]]:
        """Add up the partners of each room."""
        rows: dict[tuple[str, ...], list[float]] = {}
        for (partner, inward, operation, code), counts in self._counts.items():
            _add(rows, (self._room_of(partner), "in" if inward else "out", operation, code), counts)
        return rows


def _latency(rows: Mapping[tuple[str, ...], list[float]]) -> Metric:
    family = HistogramMetricFamily(
        "interroam_exchange_seconds", METRICS["interroam_exchange_seconds"][2], labels=LABELS[:3]
    )
    merged: dict[tuple[str, ...], list[float]] = {}
    for labels, counts in rows.items():
        _add(merged, labels[:3], counts)
    for labels, counts in merged.items():
        seen, buckets = 0.0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), counts, strict=False):
            seen += count
            buckets.append((bound, seen))
        family.add_metric(labels, buckets, counts[-1])
    return family


def _add(rows: dict[tuple[str, ...], list[float]], labels: tuple[str, ...], counts: list[float]) -> None:
    known = rows.get(labels)
    rows[labels] = list(counts) if known is None else [a + b for a, b in zip(known, counts, strict=True)]
