"""Transcripts: what a machine heard in a spoken comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column(
            "recording_id",
            Key,
            sa.ForeignKey("recordings.id", name="fk_transcripts_recording_id"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, ready, silent (nobody spoke), failed"),
        sa.Column("language", sa.Text(), nullable=False, comment="what the speaker was asked in"),
        sa.Column(
            "text", sa.Text(), nullable=False, server_default="", comment="by a machine: a help to the reader, no proof"
        ),
        sa.Column("certainty", sa.Float(), nullable=True, comment="0 to 1, the model's own"),
        sa.Column(
            "model", sa.Text(), nullable=False, server_default="", comment="the folder of the model, its last name"
        ),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("recording_id", name="pk_transcripts"),
    )
    op.create_index(
        "ix_transcripts_waiting", "transcripts", ["created_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )
