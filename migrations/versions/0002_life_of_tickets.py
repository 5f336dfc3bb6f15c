"""The life of tickets: moves, declines, files, links, saved filters; versions of the classifier; people merged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_tables()
    _add_columns()
    _add_indexes()
    _fill_tickets()
    _fill_classifier()


def _create_tables() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Text(), nullable=False, comment="2026-05-11, in the service's zone"),
        sa.Column("working", sa.Boolean(), nullable=False, comment="an exception to the country's calendar"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "classifier_groups",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), server_default="", nullable=False, comment="'' at the top; never a loop"),
        sa.Column("name_ru", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_classifier_groups")),
    )
    op.create_table(
        "classifier_overrides",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("organisation_id", Key, nullable=False),
        sa.Column("branch", sa.Text(), nullable=False, comment="classifier code or the beginning of one"),
        sa.Column("accept_minutes", sa.Integer(), nullable=True),
        sa.Column("localize_minutes", sa.Integer(), nullable=True),
        sa.Column("fix_minutes", sa.Integer(), nullable=True),
        sa.Column("clock", sa.Text(), server_default="", nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="the paper that allows it"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_classifier_overrides_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classifier_overrides")),
        sa.UniqueConstraint("organisation_id", "branch", name=op.f("uq_classifier_overrides_organisation_id_branch")),
    )
    op.create_table(
        "house_names",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("house_id", Key, nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("until", Moment(), nullable=False, comment="when the house was renamed"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_house_names_house_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_names")),
        comment="former addresses: still found, and written on old tickets",
    )
    op.create_index("ix_house_names_house", "house_names", ["house_id"], unique=False)
    op.create_table(
        "premises",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("house_id", Key, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="flat or room, as written on the door"),
        sa.Column("kind", sa.Text(), server_default="flat", nullable=False, comment="flat, office, common"),
        sa.Column("entrance", sa.Integer(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_premises_house_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premises")),
        sa.UniqueConstraint("house_id", "number", name=op.f("uq_premises_house_id_number")),
    )
    op.create_table(
        "classifier_versions",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("valid_from", Moment(), nullable=False, comment="it applies from then on; later than now: planned"),
        sa.Column("applied_at", Moment(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False, comment="shipped, import, edit or undo"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False, comment="[{code, before, after}]: the undo goes back along it"),
        sa.Column("undone_by", Key, nullable=True, comment="the version that took it back"),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False, comment="SHA-256 of the file previewed"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_classifier_versions_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classifier_versions")),
    )
    op.create_index("ix_classifier_versions_valid", "classifier_versions", ["valid_from"], unique=False)
    op.create_table(
        "exports",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="tickets"),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="queued, running, done, failed, cancelled"),
        sa.Column("rows_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("delete_after", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_exports_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_staff", "exports", ["staff_id"], unique=False)
    op.create_table(
        "person_merges",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("kept_id", Key, nullable=False),
        sa.Column("merged_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column(
            "moved",
            sa.JSON(),
            nullable=False,
            comment="what went over: numbers, residences, notes, tickets; for the undo",
        ),
        sa.Column("undone_at", Moment(), nullable=True),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["kept_id"], ["people.id"], name=op.f("fk_person_merges_kept_id")),
        sa.ForeignKeyConstraint(["merged_id"], ["people.id"], name=op.f("fk_person_merges_merged_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_person_merges_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merges")),
    )
    op.create_table(
        "recording_marks",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("recording_id", Key, nullable=False),
        sa.Column("at_seconds", sa.Float(), nullable=False, comment="from the beginning of the recording"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_recording_marks_recording_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recording_marks_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_marks")),
    )
    op.create_index("ix_recording_marks_recording", "recording_marks", ["recording_id"], unique=False)
    op.create_table(
        "saved_filters",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("staff_id", Key, nullable=True, comment="null: for everybody"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_saved_filters_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
    )
    op.create_index("ix_saved_filters_staff", "saved_filters", ["staff_id"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("staff_id", Key, nullable=False),
        sa.Column("begins_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_shifts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_begins", "shifts", ["begins_at"], unique=False)
    op.create_index("ix_shifts_staff", "shifts", ["staff_id", "begins_at"], unique=False)
    op.create_table(
        "ticket_applicants",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("premise", sa.Text(), server_default="", nullable=False),
        sa.Column("call_id", Key, nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("joined_at", Moment(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_ticket_applicants_call_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_ticket_applicants_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_ticket_applicants_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_applicants_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_applicants")),
        comment="the second and further applicants of one matter",
    )
    op.create_index("ix_ticket_applicants_number", "ticket_applicants", ["number"], unique=False)
    op.create_index("ix_ticket_applicants_ticket", "ticket_applicants", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_declines",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("classifier_code", sa.Text(), nullable=False),
        sa.Column("house_id", Key, nullable=True),
        sa.Column("organisation_id", Key, nullable=False),
        sa.Column("contract_code", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("accepted_by", Key, nullable=True, comment="organisations.id that took it afterwards"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_ticket_declines_organisation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_declines_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_declines")),
    )
    op.create_index("ix_ticket_declines_at", "ticket_declines", ["at"], unique=False)
    op.create_index("ix_ticket_declines_matrix", "ticket_declines", ["classifier_code", "house_id"], unique=False)
    op.create_index("ix_ticket_declines_ticket", "ticket_declines", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_files",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="photo, act (signed) or document"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the sender named it; hostile"),
        sa.Column("path", sa.Text(), nullable=False, comment="under [files] dir"),
        sa.Column("media_type", sa.Text(), nullable=False, comment="by content, never by the name"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("thumbnail", sa.Text(), server_default="", nullable=False, comment="path, '' when it has none"),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False, comment="the applicant may see it"),
        sa.Column("moment", sa.Text(), server_default="", nullable=False, comment="before, after or ''"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.Column("removed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), nullable=True, comment="idempotency key of the upload"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_ticket_files_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_files_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_files")),
        sa.UniqueConstraint("key", name=op.f("uq_ticket_files_key")),
    )
    op.create_index("ix_ticket_files_ticket", "ticket_files", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_links",
        sa.Column(
            "token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the opaque token in the resident's link"
        ),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=True),
        sa.Column("views", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_links_ticket_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_ticket_links")),
    )
    op.create_index("ix_ticket_links_ticket", "ticket_links", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_organisations",
        sa.Column("organisation_id", Key, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("declined_at", Moment(), nullable=True),
        sa.Column("decline_reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_ticket_organisations_organisation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_organisations_ticket_id")),
        sa.PrimaryKeyConstraint("organisation_id", "ticket_id", name=op.f("pk_ticket_organisations")),
        comment="who ever answered for a ticket: an organisation sees those that it declined",
    )
    op.create_index("ix_ticket_organisations_ticket", "ticket_organisations", ["ticket_id"], unique=False)


def _add_columns() -> None:
    op.add_column(
        "classifier",
        sa.Column("parent", sa.Text(), server_default="", nullable=False, comment="code of its group in the tree"),
    )
    op.add_column(
        "classifier",
        sa.Column(
            "script",
            sa.JSON(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="questions with the types of answers",
        ),
    )
    op.add_column("classifier", sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "classifier",
        sa.Column("confirm_minutes", sa.Integer(), nullable=True, comment="of a paid job: after it, private firms"),
    )
    op.add_column(
        "classifier",
        sa.Column(
            "safety_ru", sa.Text(), server_default="", nullable=False, comment="what to say first when life is at risk"
        ),
    )
    op.add_column("classifier", sa.Column("safety_en", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "classifier",
        sa.Column(
            "transfer_to",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="the number of the warm transfer: 112, 104",
        ),
    )
    op.add_column(
        "classifier",
        sa.Column(
            "referral_ru", sa.Text(), server_default="", nullable=False, comment="out of scope: where to turn instead"
        ),
    )
    op.add_column("classifier", sa.Column("referral_en", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "classifier",
        sa.Column("answer_ru", sa.Text(), server_default="", nullable=False, comment="the approved standard answer"),
    )
    op.add_column("classifier", sa.Column("answer_en", sa.Text(), server_default="", nullable=False))
    op.add_column("classifier", sa.Column("valid_from", Moment(), nullable=True))
    op.add_column("classifier", sa.Column("valid_until", Moment(), nullable=True))
    op.add_column(
        "contracts",
        sa.Column(
            "duty_hours", sa.Text(), server_default="", nullable=False, comment="24x7, work, 08:00-23:00; '' is always"
        ),
    )
    op.add_column("contracts", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("notes", sa.Column("kind", sa.Text(), server_default="note", nullable=False, comment="note or tag"))
    op.add_column(
        "people",
        sa.Column("merged_into", Key, nullable=True, comment="people.id: this card was a duplicate of that one"),
    )
    op.add_column(
        "staff",
        sa.Column("phone", sa.Text(), server_default="", nullable=False, comment="E.164, of an executor on his way"),
    )
    op.add_column(
        "staff",
        sa.Column(
            "trade",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="plumber, electrician, … as the classifier says",
        ),
    )
    op.add_column(
        "staff",
        sa.Column(
            "districts", sa.JSON(), server_default=sa.text("'[]'"), nullable=False, comment="of an inspector; [] is all"
        ),
    )
    op.add_column(
        "ticket_history", sa.Column("role", sa.Text(), server_default="", nullable=False, comment="of the author then")
    )
    op.add_column(
        "ticket_history",
        sa.Column(
            "public", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="the resident may read it"
        ),
    )
    op.add_column("ticket_history", sa.Column("key", sa.Text(), nullable=True, comment="idempotency key of the move"))
    op.add_column(
        "tickets",
        sa.Column(
            "version",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="grows with each move: one winner of two",
        ),
    )
    op.add_column(
        "tickets",
        sa.Column(
            "rank",
            sa.Integer(),
            server_default="3",
            nullable=False,
            comment="of the urgency: 0 life, 1 emergency, 2, 3 …",
        ),
    )
    op.add_column("tickets", sa.Column("due_at", Moment(), nullable=True, comment="the nearest term that still runs"))
    op.add_column("tickets", sa.Column("damage_at", Moment(), nullable=True))
    op.add_column(
        "tickets",
        sa.Column("conditions", sa.JSON(), server_default=sa.text("'{}'"), nullable=False, comment="asked at intake"),
    )
    op.add_column(
        "tickets",
        sa.Column(
            "district", sa.Text(), server_default="", nullable=False, comment="section of the house at registration"
        ),
    )
    op.add_column("tickets", sa.Column("accepted_at", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("localised_at", Moment(), nullable=True))
    op.add_column(
        "tickets",
        sa.Column("fixed_at", Moment(), nullable=True, comment="the executor reported done; taken back by a rework"),
    )
    op.add_column("tickets", sa.Column("closed_at", Moment(), nullable=True, comment="closed or cancelled"))
    op.add_column("tickets", sa.Column("close_reason", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "tickets",
        sa.Column("late_at", Moment(), nullable=True, comment="when its fix term passed unfinished: it stays for ever"),
    )
    op.add_column("tickets", sa.Column("postponed_until", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("postpone_reason", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "tickets",
        sa.Column("touched_at", Moment(), nullable=True, comment="the last move or comment of those who must act"),
    )
    op.add_column(
        "tickets",
        sa.Column(
            "stall_level", sa.Integer(), server_default="0", nullable=False, comment="rungs climbed of the ladder"
        ),
    )
    op.add_column("tickets", sa.Column("declined_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("tickets", sa.Column("reopened_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("tickets", sa.Column("applicant_count", sa.Integer(), server_default="1", nullable=False))
    op.add_column("tickets", sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("tickets", sa.Column("paid_confirm_by", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("paid_confirmed_at", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("marked_at", Moment(), nullable=True))
    op.add_column(
        "tickets", sa.Column("classifier_version", Key, nullable=True, comment="classifier_versions.id at registration")
    )
    op.add_column(
        "tickets", sa.Column("contract_code", sa.Text(), server_default="", nullable=False, comment="that routed it")
    )
    op.add_column(
        "tickets",
        sa.Column("parent_id", Key, nullable=True, comment="tickets.id: it repeats that one, or is part of it"),
    )


def _add_indexes() -> None:
    op.create_index("ix_reading_log_at", "reading_log", ["at"], unique=False)
    op.create_index("ix_reading_log_subject", "reading_log", ["subject", "at"], unique=False)
    op.create_index("ix_staff_organisation", "staff", ["organisation_id"], unique=False)
    op.create_index("uq_ticket_history_key", "ticket_history", ["ticket_id", "key"], unique=True)
    op.create_index("ix_tickets_executor", "tickets", ["executor_id", "status"], unique=False)
    op.create_index(
        "ix_tickets_open",
        "tickets",
        ["rank", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status NOT IN ('closed','cancelled')"),
        postgresql_where=sa.text("status NOT IN ('closed','cancelled')"),
    )
    op.create_index("ix_tickets_organisation", "tickets", ["organisation_id", "status"], unique=False)


def _fill_tickets() -> None:
    """Tickets of the release before get the rank, the running term and the section that theirs would have had."""
    op.execute(
        "UPDATE tickets SET touched_at = created_at, "
        "rank = CASE urgency WHEN 'life' THEN 0 WHEN 'emergency' THEN 1 WHEN 'urgent' THEN 2 WHEN 'normal' THEN 3 "
        "WHEN 'planned' THEN 4 ELSE 5 END, "
        "due_at = CASE WHEN status IN ('closed', 'cancelled') THEN NULL "
        "WHEN status IN ('from_cabinet', 'unassigned', 'awaiting_acceptance', 'declined') "
        "THEN COALESCE(accept_by, fix_by) ELSE fix_by END, "
        "district = COALESCE((SELECT houses.district FROM houses WHERE houses.id = tickets.house_id), '')"
    )
    op.execute(
        "INSERT INTO ticket_organisations (organisation_id, ticket_id, since) "
        "SELECT organisation_id, id, created_at FROM tickets WHERE organisation_id IS NOT NULL"
    )


def _fill_classifier() -> None:
    """The categories become the groups of the tree: HVS-01 and HVS-02 stand in HVS."""
    bind = op.get_bind()
    categories: dict[str, str] = {}
    for code, category in bind.execute(sa.text("SELECT code, category FROM classifier ORDER BY code")):
        categories.setdefault(code.split("-")[0], category)
    for position, (code, name) in enumerate(categories.items()):
        bind.execute(
            sa.text("INSERT INTO classifier_groups (code, name_ru, position) VALUES (:code, :name, :position)"),
            {"code": code, "name": name, "position": position},
        )
        bind.execute(
            sa.text("UPDATE classifier SET parent = :code WHERE code = :code OR code LIKE :below"),
            {"code": code, "below": f"{code}-%"},
        )
