"""The voice robot: campaigns, calls, attempts, the kill switch, opt-outs, texts of dialogues; duties with a reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _campaigns()
    _outreach_calls()
    _outreach_attempts()
    _outreach_halts()
    _opt_outs()
    _script_texts()
    _duties()


def _duties() -> None:
    """A duty may be owed though no call was missed: somebody gave a bad mark."""
    reason = "'': calls were missed; rating: he is not content"
    wanted = "a call is owed until then, though none was missed"
    op.add_column("duties", sa.Column("reason", sa.Text(), nullable=False, server_default="", comment=reason))
    op.add_column("duties", sa.Column("wanted_by", Moment(), nullable=True, comment=wanted))
    op.add_column("duties", sa.Column("ticket_id", Key, nullable=True, comment="tickets.id that it is about"))


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=True, comment="of a standing one: rating, job, …; null: by hand"),
        sa.Column("kind", sa.Text(), nullable=False, comment="rating, result, job, outage, survey, meter"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="filling, running, paused, stopped, finished"),
        sa.Column("priority", sa.Integer(), nullable=False, comment="lower calls first"),
        sa.Column(
            "danger",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="calls at night too: life at risk",
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False, comment="09-20, in the zone of who is called; never 22 to 08"),
        sa.Column("days", sa.Text(), nullable=False, comment="each, no_holidays or workdays"),
        sa.Column("most_lines", sa.Integer(), nullable=False, comment="calls at once"),
        sa.Column("most_attempts", sa.Integer(), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False, comment="of its calls: each is chosen for by itself"),
        sa.Column(
            "script",
            sa.JSON(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what the dialogue is given: text, graph",
        ),
        sa.Column("begins_at", Moment(), nullable=True),
        sa.Column("ends_at", Moment(), nullable=True, comment="nobody is called after it"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("changed_at", Moment(), nullable=False, comment="of its state"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_campaigns_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("code", name=op.f("uq_campaigns_code")),
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state", "priority"], unique=False)


def _outreach_calls() -> None:
    op.create_table(
        "outreach_calls",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("campaign_id", Key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="one call per ticket (or campaign) and number"),
        sa.Column("ticket_id", Key, nullable=True),
        sa.Column("number", sa.Text(), nullable=False, comment="E.164"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("zone", sa.Text(), nullable=False, comment="of who is called: Europe/Samara"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "facts",
            sa.JSON(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what the dialogue is told of this call",
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="waiting, calling, done, given_up, suppressed, cancelled"
        ),
        sa.Column("due_at", Moment(), nullable=False, comment="not before"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False, comment="that count"),
        sa.Column(
            "placed",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="all: the next request id takes this number",
        ),
        sa.Column(
            "result", sa.Text(), server_default="", nullable=False, comment="of the last attempt, or why there was none"
        ),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_outreach_calls_campaign_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_outreach_calls_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_calls")),
        sa.UniqueConstraint("key", name=op.f("uq_outreach_calls_key")),
    )
    op.create_index("ix_outreach_calls_campaign", "outreach_calls", ["campaign_id", "id"], unique=False)
    op.create_index(
        "ix_outreach_calls_next",
        "outreach_calls",
        ["campaign_id", "zone", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_outreach_calls_number", "outreach_calls", ["number"], unique=False)
    op.create_index(
        "ix_outreach_calls_results", "outreach_calls", ["campaign_id", "state", "result", "mark"], unique=False
    )
    op.create_index(
        "ix_outreach_calls_ticket",
        "outreach_calls",
        ["ticket_id"],
        unique=False,
        sqlite_where=sa.text("ticket_id IS NOT NULL"),
        postgresql_where=sa.text("ticket_id IS NOT NULL"),
    )


def _outreach_attempts() -> None:
    op.create_table(
        "outreach_attempts",
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="robot-…: the request, the ActionID, the channel's id and CE_REQUEST",
        ),
        sa.Column("outreach_call_id", Key, nullable=False),
        sa.Column("campaign_id", Key, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="planned, sent, unknown, answered, ended, settled"),
        sa.Column(
            "lease_until",
            Moment(),
            nullable=False,
            comment="somebody looks after it until then; then its traces are looked for",
        ),
        sa.Column("planned_at", Moment(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True, comment="the dialogue began"),
        sa.Column("told_at", Moment(), nullable=True, comment="the dialogue's outcome is known"),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column(
            "result",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="busy, no_answer, …, or the dialogue's: marked, …",
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column(
            "proof", sa.Text(), server_default="", nullable=False, comment="key, speech or none: answered is not human"
        ),
        sa.Column("keys", sa.Text(), server_default="", nullable=False, comment="as pressed"),
        sa.Column("comment", sa.Text(), server_default="", nullable=False, comment="file of the spoken comment"),
        sa.Column(
            "facts",
            sa.JSON(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="the whole outcome, as menus.outcome writes it",
        ),
        sa.Column("pbx_call_id", Key, nullable=True, comment="the conversation, with its recording"),
        sa.Column(
            "applied",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="what became of the ticket: moved, or why not",
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_outreach_attempts_campaign_id")),
        sa.ForeignKeyConstraint(
            ["outreach_call_id"], ["outreach_calls.id"], name=op.f("fk_outreach_attempts_outreach_call_id")
        ),
        sa.ForeignKeyConstraint(["pbx_call_id"], ["calls.id"], name=op.f("fk_outreach_attempts_pbx_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_attempts")),
    )
    op.create_index("ix_outreach_attempts_last", "outreach_attempts", ["number", "planned_at"], unique=False)
    op.create_index(
        "ix_outreach_attempts_lease",
        "outreach_attempts",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "ix_outreach_attempts_marks",
        "outreach_attempts",
        ["settled_at", "id"],
        unique=False,
        sqlite_where=sa.text("result IN ('marked','not_done','done_no_mark')"),
        postgresql_where=sa.text("result IN ('marked','not_done','done_no_mark')"),
    )
    op.create_index(
        "ix_outreach_attempts_of_call", "outreach_attempts", ["outreach_call_id", "planned_at"], unique=False
    )
    op.create_index("ix_outreach_attempts_pbx_call", "outreach_attempts", ["pbx_call_id"], unique=False)
    op.create_index(
        "uq_outreach_attempts_call",
        "outreach_attempts",
        ["outreach_call_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "uq_outreach_attempts_number",
        "outreach_attempts",
        ["number"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def _outreach_halts() -> None:
    op.create_table(
        "outreach_halts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("halted_at", Moment(), nullable=False),
        sa.Column("halted_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("resumed_at", Moment(), nullable=True, comment="null: the robot calls nobody now"),
        sa.Column("resumed_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_halts")),
        comment="the kill switch, with its history",
    )
    op.create_index(
        "ix_outreach_halts_now",
        "outreach_halts",
        ["halted_at"],
        unique=False,
        sqlite_where=sa.text("resumed_at IS NULL"),
        postgresql_where=sa.text("resumed_at IS NULL"),
    )


def _opt_outs() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="E.164"),
        sa.Column(
            "kind",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="of a campaign, or a channel of notices; '' is all",
        ),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False, comment="robot (by key), desk, link, import"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False, comment="the attempt in which he asked"),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.Column("removed_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_outs")),
    )
    op.create_index("ix_opt_outs_since", "opt_outs", ["since", "id"], unique=False)
    op.create_index(
        "uq_opt_outs_number",
        "opt_outs",
        ["number", "kind"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def _script_texts() -> None:
    op.create_table(
        "script_texts",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="instead of the shipped one; {fields} as the step has them"
        ),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "language", "step", name=op.f("pk_script_texts")),
    )


def downgrade() -> None:
    for column in ("ticket_id", "wanted_by", "reason"):
        op.drop_column("duties", column)
    for table in ("script_texts", "opt_outs", "outreach_halts", "outreach_attempts", "outreach_calls", "campaigns"):
        op.drop_table(table)
