"""Counters for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ctxpipe.pipeline.gateway.decide import Decision

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)


class Metrics:
    """What a gateway counts. No label holds what a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "ctxpipe_gateway_requests", "Requests by kind and action.", ["kind", "action"], registry=self.registry
        )
        self.refused = Counter(
            "ctxpipe_gateway_refused",
            "Requests that the gateway refused, by status.",
            ["status"],
            registry=self.registry,
        )
        self.tokens = Counter("ctxpipe_gateway_tokens", "Tokens of counted prompts.", ["side"], registry=self.registry)
        self.decisions = Counter(
            "ctxpipe_gateway_decisions",
            "Compressed prompts, by whether earlier turns were sent as before.",
            ["turns"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "ctxpipe_gateway_seconds", "Seconds by stage.", ["stage"], registry=self.registry, buckets=_SECONDS
        )
        self.running = Gauge("ctxpipe_gateway_running", "Requests at the target.", registry=self.registry)

    def decided(self, kind: str, decision: Decision) -> None:
        """Count a decision."""
        self.requests.labels(kind, decision.action).inc()
        self.seconds.labels("decide").observe(decision.seconds)
        if decision.source_tokens is not None and decision.sent_tokens is not None:
            sent = decision.source_tokens if decision.action == "audited" else decision.sent_tokens
            # A corpus was not sent by a client, and its millions of tokens would hide all else.
            self.tokens.labels("source").inc(sent if decision.action == "searched" else decision.source_tokens)
            self.tokens.labels("sent").inc(sent)
        if decision.action in ("compressed", "audited"):
            self.decisions.labels("as-before" if decision.remembered else "anew").inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
