"""What the service counts about itself and its store, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from extractor.store.store import Store

disable_created_metrics()  # type: ignore[no-untyped-call]


class Measures:
    """The counts of one app; routes are counted by their pattern, so that no address becomes a label."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("gouji_requests", "Requests answered", ("method", "route", "status"), registry=self.registry)
        self.seconds = Histogram("gouji_request_seconds", "Seconds from the request to the end of its answer", ("route",), registry=self.registry)
        self.in_work = Gauge("gouji_requests_in_work", "Requests in work now", registry=self.registry)
        self.read = Counter("gouji_reports_read", "Reports read since the start, by decision", ("decision",), registry=self.registry)
        self.registry.register(_Stored(store))


class _Stored(Collector):
    """How it stands in the store, counted when it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Reports, open cells and jobs."""
        from extractor.store.jobs import count_files, count_reports

        reports = GaugeMetricFamily("gouji_reports", "Reports in the store, by decision", labels=("decision",))
        cells = GaugeMetricFamily("gouji_open_cells", "Cells that wait for a person")
        open_cells = 0
        for decision, number, waiting in count_reports(self._store.engine):
            reports.add_metric([decision], number)
            open_cells += waiting
        cells.add_metric([], open_cells)
        jobs = GaugeMetricFamily("gouji_job_files", "Files of archive jobs, by how far they are", labels=("state",))
        for state, number in count_files(self._store.engine):
            jobs.add_metric([state], number)
        yield from (reports, cells, jobs)
