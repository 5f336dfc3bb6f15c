"""Tickets and applicants of a person, found without reading all: what a merging of cards moves; whose readings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KNOWN = sa.text("person_id IS NOT NULL")
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    for table in ("tickets", "ticket_applicants"):
        op.create_index(f"ix_{table}_person", table, ["person_id"], sqlite_where=KNOWN, postgresql_where=KNOWN)
    op.create_index("ix_people_merged_into", "people", ["merged_into"], sqlite_where=MERGED, postgresql_where=MERGED)
    op.create_index("ix_person_merges_kept", "person_merges", ["kept_id"])
    op.create_index("ix_person_merges_merged", "person_merges", ["merged_id"])
    op.create_index("ix_reading_log_staff", "reading_log", ["staff_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_reading_log_staff", "reading_log")
    op.drop_index("ix_person_merges_merged", "person_merges")
    op.drop_index("ix_person_merges_kept", "person_merges")
    op.drop_index("ix_people_merged_into", "people")
    for table in ("ticket_applicants", "tickets"):
        op.drop_index(f"ix_{table}_person", table)
