"""Contracts made by hand: who changed one and when, one taken away, the index of those that serve everywhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    by_hand = "who made or last changed it by hand"
    op.add_column("contracts", sa.Column("author", sa.Text(), server_default="", nullable=False, comment=by_hand))
    op.add_column("contracts", sa.Column("changed_at", Moment(), nullable=True))
    removed = "it routes nothing any more; tickets still name it"
    op.add_column("contracts", sa.Column("removed_at", Moment(), nullable=True, comment=removed))
    op.drop_index("ix_contracts_everywhere", "contracts")
    _add_everywhere("kind", "valid_until")
    op.create_index("ix_contracts_organisation", "contracts", ["organisation_id"])


def downgrade() -> None:
    op.drop_index("ix_contracts_organisation", "contracts")
    op.drop_index("ix_contracts_everywhere", "contracts")
    _add_everywhere("kind")
    for name in ("removed_at", "changed_at", "author"):
        op.drop_column("contracts", name)


def _add_everywhere(*columns: str) -> None:
    op.create_index(
        "ix_contracts_everywhere",
        "contracts",
        list(columns),
        sqlite_where=sa.text("everywhere = 1"),
        postgresql_where=sa.text("everywhere"),
    )
