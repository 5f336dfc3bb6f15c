"""One job of each kind, as the tests hold them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from callengine.menus.jobs import (
    ExecutorJob,
    Job,
    Meter,
    MeterJob,
    OpenTicket,
    OutageJob,
    RatingJob,
    ResultJob,
    StatusJob,
    SurveyJob,
)

ZONE = timezone(timedelta(hours=3))
DUE = datetime(2026, 11, 22, 18, 30, tzinfo=ZONE)
SERVICE, TICKET, WORK = "диспетчерская служба города Электросталь", "26-000123", "течь крана на кухне"
ADDRESS = "ул. Ленина, д. 5к2, кв. 13"

RATING = RatingJob(service=SERVICE, ticket=TICKET, work=WORK, address=ADDRESS, comment_file="callengine/7-comment")
RESULT = ResultJob(service=SERVICE, ticket=TICKET, work=WORK, address=ADDRESS, result="Кран заменён")
CALL = ExecutorJob(service=SERVICE, ticket=TICKET, work=WORK, address=ADDRESS, due=DUE)
OUTAGE = OutageJob(
    service=SERVICE, what="отключение ГВС", address="ул. Ленина, д. 5-7", begins=DUE, ends=DUE + timedelta(hours=2)
)
SURVEY = SurveyJob(service=SERVICE)
METERS = MeterJob(
    address=ADDRESS,
    meters=(
        Meter(id="cold", title="холодная вода", last=120, most=50),
        Meter(id="hot", title="горячая вода", last=80, most=50),
    ),
)
STATUS = StatusJob(
    tickets=(
        OpenTicket(number="26-000123", work=WORK, status="В работе", due=DUE),
        OpenTicket(number="26-000077", work="нет света", status="Назначен исполнитель"),
    )
)
EACH: tuple[Job, ...] = (RATING, RESULT, CALL, OUTAGE, SURVEY, METERS, STATUS)
assert DUE.astimezone(UTC).hour == 15
