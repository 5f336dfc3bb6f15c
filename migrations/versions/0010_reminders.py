"""Reminders of tickets that stand open: one row for each that somebody has still to take, or a move to settle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "ticket_reminders",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Key, sa.ForeignKey("tickets.id", name="fk_ticket_reminders_ticket_id"), nullable=False),
        sa.Column("about", sa.Text(), nullable=False, comment="accept, localise, fix, stall, … as in the history"),
        sa.Column("level", sa.Integer(), nullable=False, comment="the rung, of a stall"),
        sa.Column("side", sa.Text(), nullable=False, comment="centre, organisation, executor: who takes it for whom"),
        sa.Column("roles", sa.Text(), nullable=False, comment=",operator,supervisor,: of this side, whom it is for"),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("at", Moment(), nullable=False, comment="when it was told last"),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False, server_default="", comment="the move, or taken"),
        sa.Column("taken_by", sa.Text(), nullable=False, server_default="", comment="a name"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_reminders"),
        comment="what stands on screens; the story of it is in ticket_history",
    )
    op.create_index(
        "uq_ticket_reminders_open",
        "ticket_reminders",
        ["ticket_id", "about", "level", "side"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_ticket_reminders_side", "ticket_reminders", ["side", "at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
