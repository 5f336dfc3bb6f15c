"""Meters and their readings; who was asked for a mark; choice, spacing and channels of campaigns, with their counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NOT_REMOVED = sa.text("removed_at IS NULL")


def upgrade() -> None:
    _campaigns()
    _campaign_counts()
    _ratings()
    _meters()
    _meter_readings()
    _guard("meter_readings")


def _campaigns() -> None:
    for name, default, comment in (
        ("choice", "'{}'", "which tickets: branch, organisation, …"),
        ("spacing", "'{}'", "seconds by result; else as configured"),
        ("channels", "'[\"call\"]'", "call, sms, push"),
    ):
        op.add_column(
            "campaigns", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text(default), comment=comment)
        )


def _campaign_counts() -> None:
    op.create_table(
        "campaign_counts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("campaign_id", Key, nullable=False, comment="campaigns.id"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=False, comment="0: none"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="so many more, or fewer; the sum is what there is"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_counts"),
    )
    op.create_index(
        "ix_campaign_counts_campaign", "campaign_counts", ["campaign_id", "state", "result", "mark", "calls"]
    )
    # First the triggers: they wait for who is writing calls just now (an engine that runs beside an upgrade) and hold
    # up who comes after, so that no change falls between the count and them.
    _count_on_postgres() if op.get_bind().dialect.name == "postgresql" else _count_on_sqlite()
    op.execute(
        "INSERT INTO campaign_counts (campaign_id, state, result, mark, calls) "
        "SELECT campaign_id, state, result, COALESCE(mark, 0), COUNT(*) FROM outreach_calls "
        "GROUP BY campaign_id, state, result, COALESCE(mark, 0)"
    )


_INTO = "INSERT INTO campaign_counts (campaign_id, state, result, mark, calls)"


def _count_on_sqlite() -> None:
    new = f"{_INTO} VALUES (NEW.campaign_id, NEW.state, NEW.result, COALESCE(NEW.mark, 0), 1);"
    old = f"{_INTO} VALUES (OLD.campaign_id, OLD.state, OLD.result, COALESCE(OLD.mark, 0), -1);"
    changed = "OLD.state <> NEW.state OR OLD.result <> NEW.result OR OLD.mark IS NOT NEW.mark"
    for name, act in (
        ("added", f"AFTER INSERT ON outreach_calls BEGIN {new} END"),
        ("changed", f"AFTER UPDATE OF state, result, mark ON outreach_calls WHEN {changed} BEGIN {old} {new} END"),
        ("gone", f"AFTER DELETE ON outreach_calls BEGIN {old} END"),
    ):
        op.execute(f"CREATE TRIGGER outreach_calls_{name} {act}")


def _count_on_postgres() -> None:
    """By the statement: thousands of calls that are written at once are one row of counts."""
    of = "campaign_id, state, result, COALESCE(mark, 0) AS mark"
    parts = {
        "added": ("INSERT", "NEW TABLE AS fresh", f"SELECT {of}, 1 AS calls FROM fresh"),
        "changed": (
            "UPDATE",
            "OLD TABLE AS stale NEW TABLE AS fresh",
            f"SELECT {of}, 1 AS calls FROM fresh UNION ALL SELECT {of}, -1 AS calls FROM stale",
        ),
        "gone": ("DELETE", "OLD TABLE AS stale", f"SELECT {of}, -1 AS calls FROM stale"),
    }
    for name, (act, tables, rows) in parts.items():
        op.execute(
            f"CREATE FUNCTION callengine_calls_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_INTO} SELECT campaign_id, state, result, mark, SUM(calls) FROM ({rows}) AS found "
            "GROUP BY campaign_id, state, result, mark HAVING SUM(calls) <> 0; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER outreach_calls_{name} AFTER {act} ON outreach_calls REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION callengine_calls_{name}()"
        )


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column(
            "outreach_call_id",
            Key,
            sa.ForeignKey("outreach_calls.id", name="fk_ratings_outreach_call_id"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "attempt_id",
            sa.Text(),
            sa.ForeignKey("outreach_attempts.id", name="fk_ratings_attempt_id"),
            nullable=False,
            comment="that told it",
        ),
        sa.Column("ticket_id", Key, sa.ForeignKey("tickets.id", name="fk_ratings_ticket_id"), nullable=True),
        sa.Column("organisation_id", Key, nullable=True, comment="organisations.id, when it was asked"),
        sa.Column("executor_id", Key, nullable=True, comment="staff.id, who did the job"),
        sa.Column("classifier_code", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False, comment="when the call was over"),
        sa.Column("result", sa.Text(), nullable=False, comment="marked, not_done, done_no_mark, or why there is none"),
        sa.Column("mark", sa.Integer(), nullable=False, server_default="0", comment="0: none"),
        sa.PrimaryKeyConstraint("outreach_call_id", name="pk_ratings"),
        comment="who was asked by telephone how a job was done; who never answered counts too",
    )
    _ratings_so_far()
    rest = ["classifier_code", "result", "mark"]
    op.create_index("ix_ratings_at", "ratings", ["at", "organisation_id", "executor_id", *rest])
    op.create_index("ix_ratings_organisation", "ratings", ["organisation_id", "at", "executor_id", *rest])
    op.create_index("ix_ratings_executor", "ratings", ["executor_id", "at", "organisation_id", *rest])
    op.create_index("ix_ratings_ticket", "ratings", ["ticket_id"])


def _ratings_so_far() -> None:
    """By whom the ticket has now: who had it when it was asked about was not kept."""
    op.execute(
        "INSERT INTO ratings (outreach_call_id, attempt_id, ticket_id, organisation_id, executor_id, classifier_code,"
        " at, result, mark) "
        "SELECT c.id, a.id, c.ticket_id, t.organisation_id, t.executor_id, COALESCE(t.classifier_code, ''),"
        " c.settled_at, a.result, COALESCE(a.mark, 0) "
        "FROM outreach_calls c JOIN campaigns p ON p.id = c.campaign_id AND p.kind = 'rating' "
        "LEFT JOIN tickets t ON t.id = c.ticket_id "
        "JOIN outreach_attempts a ON a.id = (SELECT b.id FROM outreach_attempts b WHERE b.outreach_call_id = c.id"
        " AND b.settled_at IS NOT NULL"
        " ORDER BY CASE WHEN b.result IN ('marked', 'not_done', 'done_no_mark') THEN 0 ELSE 1 END,"
        " b.planned_at DESC, b.id DESC LIMIT 1) "
        "WHERE c.state IN ('done', 'given_up') AND c.settled_at IS NOT NULL"
    )


def _meters() -> None:
    op.create_table(
        "meters",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("house_id", Key, sa.ForeignKey("houses.id", name="fk_meters_house_id"), nullable=False),
        sa.Column("premise", sa.Text(), nullable=False, comment="flat, as in residences"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="cold_water, hot_water, heat, gas, electricity, electricity_day, electricity_night",
        ),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column(
            "place", sa.Text(), nullable=False, server_default="", comment="kitchen, bathroom: told with the kind"
        ),
        sa.Column("digits", sa.Integer(), nullable=False, comment="before the comma"),
        sa.Column("most", sa.Integer(), nullable=True, comment="units that a month may bring; null: as its kind"),
        sa.Column("verified_until", sa.Text(), nullable=True, comment="day, 2030-05-31"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True, comment="taken off the wall: its readings stay"),
        sa.Column("removed_by", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_meters"),
    )
    op.create_index(
        "uq_meters_serial",
        "meters",
        ["house_id", "premise", "kind", "serial"],
        unique=True,
        sqlite_where=NOT_REMOVED,
        postgresql_where=NOT_REMOVED,
    )
    op.create_index("ix_meters_house", "meters", ["house_id", "premise", "id"])


def _meter_readings() -> None:
    op.create_table(
        "meter_readings",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("meter_id", Key, sa.ForeignKey("meters.id", name="fk_meter_readings_meter_id"), nullable=False),
        sa.Column("period", sa.Text(), nullable=False, comment="month, 2026-11"),
        sa.Column("thousandths", sa.BigInteger(), nullable=False, comment="of a unit: 123.456 m3 is 123456"),
        sa.Column("source", sa.Text(), nullable=False, comment="robot, operator, link, import"),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, sa.ForeignKey("staff.id", name="fk_meter_readings_staff_id"), nullable=True),
        sa.Column(
            "call_id",
            Key,
            sa.ForeignKey("calls.id", name="fk_meter_readings_call_id"),
            nullable=True,
            comment="the conversation, with its recording",
        ),
        sa.Column("key", sa.Text(), nullable=True, comment="what makes it itself: told twice it is one"),
        sa.Column(
            "flag",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="jump: a human is to look at it; checked: he did",
        ),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_meter_readings"),
        sa.UniqueConstraint("key", name="uq_meter_readings_key"),
        comment="append-only: a correction is another row of the same month, and the newest holds",
    )
    op.create_index("ix_meter_readings_meter", "meter_readings", ["meter_id", "period", "id"])
    op.create_index("ix_meter_readings_period", "meter_readings", ["period", "meter_id", "id"])


def _guard(table: str) -> None:
    """What a resident told is never changed; the function of PostgreSQL is 0001's."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION callengine_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: it is evidence'); END"
        )


def downgrade() -> None:
    op.drop_table("meter_readings")
    op.drop_table("meters")
    op.drop_table("ratings")
    postgres = op.get_bind().dialect.name == "postgresql"
    for name in ("added", "changed", "gone"):
        op.execute(f"DROP TRIGGER outreach_calls_{name}" + (" ON outreach_calls" if postgres else ""))
        if postgres:
            op.execute(f"DROP FUNCTION callengine_calls_{name}()")
    op.drop_table("campaign_counts")
    for name in ("channels", "spacing", "choice"):
        op.drop_column("campaigns", name)
