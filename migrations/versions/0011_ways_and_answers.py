"""How an applicant is told, on his card and on the ticket; interim answers with the date that they promise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GIVEN = sa.text("interim_at IS NOT NULL")


def upgrade() -> None:
    told = "how he is told: none, sms, push, call, email"
    op.add_column("people", sa.Column("notify", sa.Text(), nullable=False, server_default="", comment=told))
    op.add_column("people", sa.Column("email", sa.Text(), nullable=False, server_default=""))
    told = "how its applicant is told; '' as the service does"
    op.add_column("tickets", sa.Column("notify", sa.Text(), nullable=False, server_default="", comment=told))
    op.add_column("tickets", sa.Column("applicant_email", sa.Text(), nullable=False, server_default=""))
    for name, comment in (
        ("interim_by", "by when the rules want an interim answer"),
        ("interim_at", "when the last interim answer was given"),
        ("interim_until", "the date of the fix that it promised"),
    ):
        op.add_column("tickets", sa.Column(name, Moment(), nullable=True, comment=comment))
    op.add_column("tickets", sa.Column("interim_text", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_tickets_interim", "tickets", ["interim_at"], sqlite_where=GIVEN, postgresql_where=GIVEN)


def downgrade() -> None:
    op.drop_index("ix_tickets_interim", "tickets")
    for name in ("interim_text", "interim_until", "interim_at", "interim_by", "applicant_email", "notify"):
        op.drop_column("tickets", name)
    op.drop_column("people", "email")
    op.drop_column("people", "notify")
