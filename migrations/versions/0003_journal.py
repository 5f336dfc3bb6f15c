"""The journal at millions of tickets: the words of tickets in tables of their own, indexes of the lists."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from callengine.store.database import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Word = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
OPEN = "status NOT IN ('closed','cancelled')"
ROWS = 10_000


def upgrade() -> None:
    _create_tables()
    _move_words()
    _add_telephones()
    _add_indexes()
    _add_columns()


def _create_tables() -> None:
    op.create_table(
        "ticket_words",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("word", Word, nullable=False, comment="folded; ~ and the digits backwards: a telephone"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_words")),
        sa.UniqueConstraint("word", name=op.f("uq_ticket_words_word")),
        comment="each word of any ticket once: beginnings and slips are looked for here",
    )
    op.create_table(
        "ticket_postings",
        sa.Column("word_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", Moment(), nullable=False, comment="of the ticket: a word's tickets lie in their order"),
        sa.Column("ticket_id", Key, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("word_id", "created_at", "ticket_id", name=op.f("pk_ticket_postings")),
        sqlite_with_rowid=False,
    )


def _move_words() -> None:
    """Of search_words; the count of a number is looked for in the number itself from now on, but does no harm."""
    op.execute(
        "INSERT INTO ticket_words (word) SELECT DISTINCT word FROM search_words WHERE kind = 'ticket' ORDER BY word"
    )
    op.execute(
        "INSERT INTO ticket_postings (word_id, created_at, ticket_id) "
        "SELECT ticket_words.id, tickets.created_at, tickets.id FROM search_words "
        "JOIN ticket_words ON ticket_words.word = search_words.word "
        "JOIN tickets ON tickets.id = search_words.subject_id WHERE search_words.kind = 'ticket'"
    )
    op.execute("DELETE FROM search_words WHERE kind = 'ticket'")


def _add_telephones() -> None:
    bind = op.get_bind()
    numbers = iter(
        bind.execute(sa.text("SELECT DISTINCT applicant_number FROM tickets WHERE applicant_number LIKE '+%'"))
        .scalars()
        .all()
    )
    words = ({"word": "~" + number[:0:-1], "number": number} for number in numbers)
    for some in _batches(words):
        bind.execute(sa.text("INSERT INTO ticket_words (word) VALUES (:word)"), some)
        bind.execute(
            sa.text(
                "INSERT INTO ticket_postings (word_id, created_at, ticket_id) "
                "SELECT ticket_words.id, tickets.created_at, tickets.id FROM tickets, ticket_words "
                "WHERE tickets.applicant_number = :number AND ticket_words.word = :word"
            ),
            some,
        )


def _batches(words: Iterator[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    while some := list(islice(words, ROWS)):
        yield some


def _add_indexes() -> None:
    op.drop_index("ix_tickets_open", table_name="tickets")
    _open_index(
        "ix_tickets_open",
        "rank",
        "due_at",
        "id",
        "status",
        "organisation_id",
        "executor_id",
        "house_id",
        "district",
        "classifier_code",
        "paid",
        "accept_by",
        "fix_by",
        "created_at",
    )
    _open_index("ix_tickets_open_due", "due_at", "id")
    _open_index("ix_tickets_open_organisation", "organisation_id", "rank", "due_at", "id")
    _open_index("ix_tickets_open_status", "status", "rank", "due_at", "id")
    for name, column in (
        ("organisation", "organisation_id"),
        ("house", "house_id"),
        ("executor", "executor_id"),
        ("district", "district"),
        ("classifier", "classifier_code"),
    ):
        op.create_index(f"ix_tickets_{name}_created", "tickets", [column, "created_at", "id"])
    op.create_index(
        "ix_tickets_paid",
        "tickets",
        ["created_at", "id"],
        sqlite_where=sa.text("paid = 1"),
        postgresql_where=sa.text("paid"),
    )
    late, mark = sa.text("late_at IS NOT NULL"), sa.text("mark IS NOT NULL")
    op.create_index("ix_tickets_late", "tickets", ["created_at", "id"], sqlite_where=late, postgresql_where=late)
    op.create_index(
        "ix_tickets_mark", "tickets", ["mark", "created_at", "id"], sqlite_where=mark, postgresql_where=mark
    )
    declined = sa.text("declined_at IS NOT NULL")
    op.create_index(
        "ix_ticket_organisations_declined",
        "ticket_organisations",
        ["organisation_id", "ticket_id"],
        sqlite_where=declined,
        postgresql_where=declined,
    )


def _add_columns() -> None:
    op.add_column(
        "saved_filters",
        sa.Column("removed_at", Moment(), nullable=True, comment="deleted, and may be brought back"),
    )
    op.add_column(
        "exports",
        sa.Column("lease_until", Moment(), nullable=True, comment="an engine writes it until then, and puts it off"),
    )
    op.add_column(
        "exports",
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False, comment="how often an engine began it"),
    )


def _open_index(name: str, *columns: str) -> None:
    only = sa.text(OPEN)
    op.create_index(name, "tickets", list(columns), sqlite_where=only, postgresql_where=only)
