"""What the service counts about itself, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()


class Measures:
    """The counts of one app; routes are counted by their pattern, so that no address becomes a label."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("gouji_requests", "Requests answered", ("method", "route", "status"), registry=self.registry)
        self.seconds = Histogram("gouji_request_seconds", "Seconds from the request to the end of its answer", ("route",), registry=self.registry)
        self.in_work = Gauge("gouji_requests_in_work", "Requests in work now", registry=self.registry)
        self.read = Counter("gouji_reports_read", "Reports read since the start, by decision", ("decision",), registry=self.registry)
