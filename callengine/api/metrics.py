"""/metrics for Prometheus: computed when asked, so that nothing is counted twice."""

from __future__ import annotations

import ipaddress

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from callengine.access.model import DESK
from callengine.api.problems import problem_of
from callengine.api.security import identify
from callengine.api.services import Services
from callengine.errors import Unauthenticated


def mount(app: web.Application, services: Services) -> None:
    who_asks = identify(services.access, services.settings.http.public_origins)

    async def metrics(request: web.Request) -> web.StreamResponse:
        if not _is_local(request):
            who = await who_asks(request)
            if who is None or who.role not in DESK:
                return problem_of(Unauthenticated())
        registry = await _collect(services)
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/metrics", metrics)


def _is_local(request: web.Request) -> bool:
    # A proxy on this machine speaks for strangers.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _collect(services: Services) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"callengine_{name}", text, labels, registry=registry)

    now = services.clock.now()
    figures = await services.views.figures()
    calls = gauge("calls", "Conversations that ended, by outcome", "direction", "outcome")
    for (direction, outcome), count in figures.calls.items():
        calls.labels(direction, outcome).set(count)
    gauge("calls_live", "Conversations that go on").set(figures.live)
    gauge("duties_owed", "Callback duties that somebody owes").set(figures.duties)
    if figures.nearest_due_at is not None:
        left = (figures.nearest_due_at - now).total_seconds()
        gauge("duty_nearest_due_seconds", "Seconds to the nearest operator's deadline; negative is late").set(left)
    recordings = gauge("recordings", "Recordings by state", "state")
    for state, count in figures.recordings.items():
        recordings.labels(state).set(count)
    gauge("timers_waiting", "Timers that are due and not done").set(figures.timers_due)
    gauge("live_sockets", "Open live sockets").set(services.live.sockets)
    gauge("live_queue_depth", "Messages that wait for the slowest live client").set(services.live.longest_queue)
    waiting = gauge("notices_waiting", "Notices of the outbox that are not sent yet", "channel", "state")
    for (channel, state), count in (await services.notices.waiting()).items():
        waiting.labels(channel, state).set(count)
    up = gauge("pbx_up", "1 while the AMI link is up", "pbx")
    lag = gauge("ami_lag_seconds", "Age of the last event when it was read", "pbx")
    for pbx in (await services.health()).pbx:
        up.labels(pbx.name).set(pbx.state == "up")
        if pbx.lag_seconds is not None:
            lag.labels(pbx.name).set(pbx.lag_seconds)
    return registry
