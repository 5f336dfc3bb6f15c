"""Every route of the public contract, one file a topic."""

from callengine.api.core import Route
from callengine.api.routes import (
    callbacks,
    calls,
    classifier,
    contracts,
    desk,
    directory,
    files,
    joins,
    journal,
    meters,
    notices,
    outreach,
    public,
    recordings,
    reminders,
    robot_jobs,
    session,
    staff,
    system,
    tickets,
)

TOPICS = (
    system,
    session,
    desk,
    calls,
    callbacks,
    recordings,
    directory,
    staff,
    classifier,
    contracts,
    journal,
    tickets,
    joins,
    reminders,
    files,
    notices,
    outreach,
    robot_jobs,
    meters,
    public,
)


def all_routes() -> list[Route]:
    return [route for topic in TOPICS for route in topic.routes.all]
