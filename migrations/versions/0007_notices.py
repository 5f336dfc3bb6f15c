"""Notices: the outbox, its stories and receipts, templates, subscriptions of browsers, the key that signs pushes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
QUEUED, SENDING = sa.text("state = 'queued'"), sa.text("state = 'sending'")


def upgrade() -> None:
    _notices()
    _notice_events()
    _notice_parts()
    _notice_templates()
    _push_subscriptions()
    _notice_keys()
    _guard("notice_events")


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="what makes it itself: nothing is told twice"),
        sa.Column("kind", sa.Text(), nullable=False, comment="job, done, critical, …: the template"),
        sa.Column("channel", sa.Text(), nullable=False, comment="push, sms, email, call"),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="queued, sending, sent, delivered, acknowledged, failed, suppressed",
        ),
        sa.Column("rank", sa.Integer(), nullable=False, comment="0 danger, 1 all else: the order of the queue"),
        sa.Column("ladder", sa.Text(), nullable=False, server_default="", comment="rungs of one ladder have the same"),
        sa.Column("rung", sa.Integer(), nullable=False, server_default="0"),
        sa.Column(
            "until",
            sa.Text(),
            nullable=False,
            server_default="sent",
            comment="what ends the ladder: acknowledged or sent",
        ),
        sa.Column("staff_id", Key, sa.ForeignKey("staff.id", name="fk_notices_staff_id"), nullable=True),
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="all of this role, when it is for nobody by name",
        ),
        sa.Column("number", sa.Text(), nullable=False, server_default="", comment="E.164"),
        sa.Column("email", sa.Text(), nullable=False, server_default=""),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("ticket_number", sa.Text(), nullable=False, server_default=""),
        sa.Column("subject", sa.Text(), nullable=False, server_default=""),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="U+E000 where the resident's link comes: the link is never kept"
        ),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False, comment="not before"),
        sa.Column("expires_at", Moment(), nullable=False, comment="later it is not worth telling"),
        sa.Column("lease_until", Moment(), nullable=True, comment="an engine sends it until then"),
        sa.Column("fence", sa.Integer(), nullable=False, server_default="0", comment="grows with each claim"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column(
            "problem",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="in words, why it waits, failed or was not sent",
        ),
        sa.Column(
            "receipt", sa.Text(), nullable=False, server_default="", comment="what the other side said when it took it"
        ),
        sa.UniqueConstraint("key", name="uq_notices_key"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index(
        "ix_notices_waiting", "notices", ["channel", "rank", "next_at"], sqlite_where=QUEUED, postgresql_where=QUEUED
    )
    op.create_index(
        "ix_notices_leased", "notices", ["channel", "lease_until"], sqlite_where=SENDING, postgresql_where=SENDING
    )
    op.create_index("ix_notices_created_at", "notices", ["created_at", "id"])
    op.create_index("ix_notices_state", "notices", ["state", "created_at", "id"])
    op.create_index("ix_notices_ticket", "notices", ["ticket_number", "id"])
    op.create_index("ix_notices_staff", "notices", ["staff_id", "state"])
    op.create_index("ix_notices_ladder", "notices", ["ladder", "rung"])


def _notice_events() -> None:
    op.create_table(
        "notice_events",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("notice_id", Key, sa.ForeignKey("notices.id", name="fk_notice_events_notice_id"), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column(
            "what",
            sa.Text(),
            nullable=False,
            comment="queued, tried, sent, receipt, acknowledged, failed, suppressed, again",
        ),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("who", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_notice_events"),
        comment="append-only: a trigger refuses UPDATE and DELETE",
    )
    op.create_index("ix_notice_events_notice", "notice_events", ["notice_id", "id"])


def _notice_parts() -> None:
    op.create_table(
        "notice_parts",
        sa.Column("notice_id", Key, sa.ForeignKey("notices.id", name="fk_notice_parts_notice_id"), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column(
            "message_id", sa.Text(), nullable=False, comment="as the gateway named it: its receipts name it again"
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="sent, delivered or failed"),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "part", name="pk_notice_parts"),
    )
    op.create_index("ix_notice_parts_message", "notice_parts", ["message_id"])


def _notice_templates() -> None:
    op.create_table(
        "notice_templates",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, server_default=""),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="instead of the shipped one; {fields} as the kind has them"
        ),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "channel", "language", name="pk_notice_templates"),
    )


def _push_subscriptions() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("staff_id", Key, sa.ForeignKey("staff.id", name="fk_push_subscriptions_staff_id"), nullable=True),
        sa.Column(
            "ticket_id",
            Key,
            sa.ForeignKey("tickets.id", name="fk_push_subscriptions_ticket_id"),
            nullable=True,
            comment="of a resident, for this ticket alone",
        ),
        sa.Column("endpoint", sa.Text(), nullable=False, comment="the browser's address at its push service"),
        sa.Column("p256dh", sa.Text(), nullable=False, comment="the browser's public key"),
        sa.Column("auth", sa.Text(), nullable=False, comment="the secret shared with the browser"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.UniqueConstraint("endpoint", name="uq_push_subscriptions_endpoint"),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscriptions"),
    )
    op.create_index("ix_push_subscriptions_staff", "push_subscriptions", ["staff_id"])
    op.create_index("ix_push_subscriptions_ticket", "push_subscriptions", ["ticket_id"])


def _notice_keys() -> None:
    op.create_table(
        "notice_keys",
        sa.Column("name", sa.Text(), nullable=False, comment="vapid"),
        sa.Column(
            "private",
            sa.Text(),
            nullable=False,
            comment="PKCS#8, base64: signs pushes; all engines of a database share it",
        ),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notice_keys"),
    )


def _guard(table: str) -> None:
    """Evidence is never changed; the function of PostgreSQL is 0001's."""
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
    for table in (
        "notice_keys",
        "push_subscriptions",
        "notice_templates",
        "notice_parts",
        "notice_events",
        "notices",
    ):
        op.drop_table(table)
