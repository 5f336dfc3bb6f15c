"""The whole schema as it first stood, and the triggers that keep the two histories append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from callengine.store.database import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("duty_history", "ticket_history")
Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgres()
    else:
        _guard_on_sqlite()


def _guard_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: it is evidence'); END"
            )


def _guard_on_postgres() -> None:
    op.execute(
        "CREATE FUNCTION callengine_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only: it is evidence', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION callengine_append_only()"
        )


def _create_tables() -> None:  # noqa: PLR0915 - one statement a table
    op.create_table(
        "calls",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("linkedid", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number_kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="E.164, short, '' when withheld, else the raw text"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the network sent it; hostile"),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("missed", sa.Text(), nullable=True),
        sa.Column("arrived_at", Moment(), nullable=False),
        sa.Column("queued_at", Moment(), nullable=True),
        sa.Column("offered_at", Moment(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=False, comment="extension"),
        sa.Column("wait_seconds", sa.Float(), nullable=True),
        sa.Column("talk_seconds", sa.Float(), nullable=False),
        sa.Column("held_seconds", sa.Float(), nullable=False),
        sa.Column("recording_file", sa.Text(), nullable=False),
        sa.Column("message_file", sa.Text(), nullable=False),
        sa.Column("callback_requested", sa.Boolean(), nullable=False),
        sa.Column("robot", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="events or ledger"),
        sa.Column("offers", sa.JSON(), nullable=False, comment="[{operator, began_at, ended_at, result}]"),
        sa.Column("talks", sa.JSON(), nullable=False, comment="[{operator, began_at, ended_at}]"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("pbx", "linkedid", name=op.f("uq_calls_pbx_linkedid")),
    )
    op.create_index("ix_calls_arrived_at", "calls", ["arrived_at", "id"], unique=False)
    op.create_index("ix_calls_number", "calls", ["number", "arrived_at"], unique=False)
    op.create_index(
        "ix_calls_open",
        "calls",
        ["pbx", "arrived_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_calls_operator", "calls", ["operator", "arrived_at"], unique=False)
    op.create_table(
        "classifier",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("problem_ru", sa.Text(), nullable=False),
        sa.Column("problem_en", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("organisation_kind", sa.Text(), nullable=False),
        sa.Column("organisation_kinds_next", sa.JSON(), nullable=False),
        sa.Column("trade", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("accept_minutes", sa.Integer(), nullable=True),
        sa.Column("localize_minutes", sa.Integer(), nullable=True),
        sa.Column("fix_minutes", sa.Integer(), nullable=True),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("notify_municipality", sa.Boolean(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_classifier")),
    )
    op.create_table(
        "coverage",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="events (the link was up) or ledger (recovered afterwards)"
        ),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False, comment="the last proof of life"),
        sa.Column("ended_at", Moment(), nullable=True, comment="null: goes on; after a crash closed at seen_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
    )
    op.create_index("ix_coverage_pbx", "coverage", ["pbx", "began_at"], unique=False)
    op.create_table(
        "engines",
        sa.Column(
            "name", sa.Text(), nullable=False, comment="what is owned: 'engine' on SQLite, 'pbx:NAME' on PostgreSQL"
        ),
        sa.Column("owner", sa.Text(), nullable=False, comment="host, process id and a random part"),
        sa.Column("lease_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_engines")),
    )
    op.create_table(
        "houses",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the key in imports"),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False, comment="folded address for search"),
        sa.Column("district", sa.Text(), server_default="", nullable=False),
        sa.Column("floors", sa.Integer(), nullable=True),
        sa.Column("entrances", sa.Integer(), nullable=True),
        sa.Column(
            "features", sa.JSON(), nullable=False, comment='["lift","gas","central_heating","hot_water","chute"]'
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_houses")),
        sa.UniqueConstraint("code", name=op.f("uq_houses_code")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the key in imports"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="organisation_kind of the classifier: management_company, …"
        ),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("code", name=op.f("uq_organisations_code")),
    )
    op.create_table(
        "people",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("code", name=op.f("uq_people_code")),
    )
    op.create_table(
        "search_words",
        sa.Column("kind", sa.Text(), nullable=False, comment="house, person, number, number_end (reversed), ticket"),
        sa.Column(
            "word",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="folded by directory/search.py",
        ),
        sa.Column("subject_id", Key, nullable=False, comment="id of the house, person or ticket"),
        sa.PrimaryKeyConstraint("kind", "word", "subject_id", name=op.f("pk_search_words")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_words_subject", "search_words", ["kind", "subject_id"], unique=False)
    op.create_table(
        "ticket_counters",
        sa.Column("year", sa.Integer(), nullable=False, comment="in the organisation's zone"),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_ticket_counters")),
    )
    op.create_table(
        "timers",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False, comment="grows with each claim"),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_timers_kind_subject")),
    )
    op.create_index(
        "ix_timers_leased",
        "timers",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(
        "ix_timers_waiting",
        "timers",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NULL"),
        postgresql_where=sa.text("lease_until IS NULL"),
    )
    op.create_table(
        "contracts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("organisation_id", Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="organisation_kind that it serves as"),
        sa.Column(
            "branch", sa.Text(), server_default="", nullable=False, comment="classifier code or prefix; '' is all"
        ),
        sa.Column("priority", sa.Integer(), server_default="100", nullable=False, comment="lower wins"),
        sa.Column("valid_from", Moment(), nullable=True),
        sa.Column("valid_until", Moment(), nullable=True),
        sa.Column(
            "everywhere", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="serves every house"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contracts_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("code", name=op.f("uq_contracts_code")),
    )
    op.create_index(
        "ix_contracts_everywhere",
        "contracts",
        ["kind"],
        unique=False,
        sqlite_where=sa.text("everywhere = 1"),
        postgresql_where=sa.text("everywhere"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("house_id", Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="accident or planned"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("promised_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ticket_number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_incidents_house_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_house", "incidents", ["house_id", "ended_at"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_person", "notes", ["person_id"], unique=False)
    op.create_table(
        "person_numbers",
        sa.Column("person_id", Key, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_numbers_person_id")),
        sa.PrimaryKeyConstraint("person_id", "number", name=op.f("pk_person_numbers")),
    )
    op.create_index("ix_person_numbers_number", "person_numbers", ["number"], unique=False)
    op.create_table(
        "recordings",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("call_id", Key, nullable=True),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="conversation or message"),
        sa.Column("file_name", sa.Text(), nullable=False, comment="as the PBX names it"),
        sa.Column("state", sa.Text(), nullable=False, comment="recording, ready, short, missing, broken, expired"),
        sa.Column(
            "problem", sa.Text(), server_default="", nullable=False, comment="in words, what is wrong and what to do"
        ),
        sa.Column("path", sa.Text(), server_default="", nullable=False, comment="under [recordings] dir"),
        sa.Column("format", sa.Text(), server_default="", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("expected_seconds", sa.Float(), nullable=True, comment="bridged time by the tracker"),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False, comment="of the file as the PBX wrote it"),
        sa.Column("stored_sha256", sa.Text(), server_default="", nullable=False, comment="of the file as it is kept"),
        sa.Column("peaks", sa.LargeBinary(), nullable=True, comment="two channels of 8-bit peaks, interleaved"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ready_at", Moment(), nullable=True),
        sa.Column("delete_after", Moment(), nullable=True),
        sa.Column("legal_hold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hold_reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_recordings_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("pbx", "file_name", name=op.f("uq_recordings_pbx_file_name")),
    )
    op.create_index("ix_recordings_call", "recordings", ["call_id"], unique=False)
    op.create_index("ix_recordings_delete_after", "recordings", ["delete_after"], unique=False)
    op.create_table(
        "residences",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("house_id", Key, nullable=False),
        sa.Column("premise", sa.Text(), nullable=False, comment="flat"),
        sa.Column("relation", sa.Text(), nullable=False, comment="owner, tenant, relative, …"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_residences_house_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_residences_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_residences")),
        sa.UniqueConstraint("person_id", "house_id", "premise", name=op.f("uq_residences_person_id_house_id_premise")),
    )
    op.create_index("ix_residences_house", "residences", ["house_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role", sa.Text(), nullable=False, comment="administrator, supervisor, operator, organisation_manager, …"
        ),
        sa.Column("extension", sa.Text(), nullable=True, comment="the operator's phone on the PBX"),
        sa.Column("organisation_id", Key, nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True, comment="argon2id; null: cannot sign in"),
        sa.Column("language", sa.Text(), server_default="ru", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_staff_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("extension", name=op.f("uq_staff_extension")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_table(
        "contract_houses",
        sa.Column("contract_id", Key, nullable=False),
        sa.Column("house_id", Key, nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_contract_houses_contract_id")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_contract_houses_house_id")),
        sa.PrimaryKeyConstraint("contract_id", "house_id", name=op.f("pk_contract_houses")),
    )
    op.create_index("ix_contract_houses_house", "contract_houses", ["house_id"], unique=False)
    op.create_table(
        "duties",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("number_kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("arrived_at", Moment(), nullable=False, comment="of the earliest missed call"),
        sa.Column("due_at", Moment(), nullable=False, comment="the operator's clock"),
        sa.Column("legal_due_at", Moment(), nullable=False, comment="the law's clock, from arrival"),
        sa.Column("missed_count", sa.Integer(), nullable=False),
        sa.Column("claimed_by", Key, nullable=True),
        sa.Column("claimed_at", Moment(), nullable=True),
        sa.Column("claim_token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("settled_by", Key, nullable=True),
        sa.Column("settled_call_id", Key, nullable=True),
        sa.Column("close_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("callback_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("message_recording_id", Key, nullable=True),
        sa.Column("message_heard_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["claimed_by"], ["staff.id"], name=op.f("fk_duties_claimed_by")),
        sa.ForeignKeyConstraint(
            ["message_recording_id"], ["recordings.id"], name=op.f("fk_duties_message_recording_id")
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name=op.f("fk_duties_settled_by")),
        sa.ForeignKeyConstraint(["settled_call_id"], ["calls.id"], name=op.f("fk_duties_settled_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    op.create_index("ix_duties_arrived_at", "duties", ["arrived_at"], unique=False)
    op.create_index("ix_duties_number", "duties", ["number"], unique=False)
    op.create_index("ix_duties_settled_call", "duties", ["settled_call_id"], unique=False)
    op.create_index("ix_duties_state", "duties", ["state", "due_at"], unique=False)
    op.create_index(
        "uq_duties_owed",
        "duties",
        ["line", "number"],
        unique=True,
        sqlite_where=sa.text("state IN ('open','claimed','attempted')"),
        postgresql_where=sa.text("state IN ('open','claimed','attempted')"),
    )
    op.create_table(
        "listenings",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("recording_id", Key, nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_listenings_recording_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_listenings_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listenings")),
    )
    op.create_index("ix_listenings_recording", "listenings", ["recording_id"], unique=False)
    op.create_table(
        "reading_log",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="card, recording, export"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_reading_log_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_log")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the opaque token"),
        sa.Column("kind", sa.Text(), nullable=False, comment="session (cookie) or token (Bearer, made by the CLI)"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", Key, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_sessions_organisation_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sessions_staff_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "staff_states",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("staff_id", Key, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="offline, ready, pause, after_call"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True, comment="null: the state of now"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_states_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_states")),
    )
    op.create_index("ix_staff_states_now", "staff_states", ["staff_id", "ended_at"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="26-000001: year and count, never reused"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("classifier_code", sa.Text(), nullable=False),
        sa.Column("house_id", Key, nullable=True),
        sa.Column("premise", sa.Text(), nullable=False),
        sa.Column("applicant_name", sa.Text(), nullable=False),
        sa.Column("applicant_number", sa.Text(), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False, comment="[{question, answer}]"),
        sa.Column("organisation_id", Key, nullable=True),
        sa.Column("organisation_reason", sa.Text(), nullable=False, comment="why this one, in words"),
        sa.Column("executor_id", Key, nullable=True),
        sa.Column("accept_by", Moment(), nullable=True),
        sa.Column("localise_by", Moment(), nullable=True),
        sa.Column("fix_by", Moment(), nullable=True),
        sa.Column("deadline_reason", sa.Text(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("created_by", Key, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["classifier_code"], ["classifier.code"], name=op.f("fk_tickets_classifier_code")),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_tickets_created_by")),
        sa.ForeignKeyConstraint(["executor_id"], ["staff.id"], name=op.f("fk_tickets_executor_id")),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_tickets_house_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_tickets_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_tickets_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_tickets_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index("ix_tickets_applicant", "tickets", ["applicant_number"], unique=False)
    op.create_index("ix_tickets_created_at", "tickets", ["created_at", "id"], unique=False)
    op.create_index("ix_tickets_house", "tickets", ["house_id", "status"], unique=False)
    op.create_index("ix_tickets_status", "tickets", ["status", "fix_by"], unique=False)
    op.create_table(
        "duty_attempts",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("duty_id", Key, nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("call_id", Key, nullable=True),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column(
            "result", sa.Text(), nullable=False, comment="'' while it goes on; answered, no_answer, busy, machine, …"
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_duty_attempts_call_id")),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name=op.f("fk_duty_attempts_duty_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_attempts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_attempts")),
        sa.UniqueConstraint("duty_id", "call_id", name=op.f("uq_duty_attempts_duty_id_call_id")),
    )
    op.create_index("ix_duty_attempts_at", "duty_attempts", ["at"], unique=False)
    op.create_index("ix_duty_attempts_request", "duty_attempts", ["request_id"], unique=False)
    op.create_table(
        "duty_calls",
        sa.Column("duty_id", Key, nullable=False),
        sa.Column("call_id", Key, nullable=False),
        sa.Column("part", sa.Text(), nullable=False, comment="missed, attempt or contact"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_duty_calls_call_id")),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name=op.f("fk_duty_calls_duty_id")),
        sa.PrimaryKeyConstraint("duty_id", "call_id", name=op.f("pk_duty_calls")),
    )
    op.create_index("ix_duty_calls_call", "duty_calls", ["call_id"], unique=False)
    op.create_table(
        "duty_history",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("duty_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("call_id", Key, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_duty_history_call_id")),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name=op.f("fk_duty_history_duty_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_history_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_history")),
        comment="append-only: a trigger refuses UPDATE and DELETE",
    )
    op.create_index("ix_duty_history_duty", "duty_history", ["duty_id", "id"], unique=False)
    op.create_table(
        "originations",
        sa.Column("id", sa.Text(), nullable=False, comment="our own id, sent as the channel variable and ActionID"),
        sa.Column("pbx", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("duty_id", Key, nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="planned, sent, accepted, refused, unknown, seen, ended"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("call_id", Key, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_originations_call_id")),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name=op.f("fk_originations_duty_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_originations_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_originations")),
    )
    op.create_table(
        "ticket_calls",
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("call_id", Key, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_ticket_calls_call_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_calls_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "call_id", name=op.f("pk_ticket_calls")),
    )
    op.create_index("ix_ticket_calls_call", "ticket_calls", ["call_id"], unique=False)
    op.create_table(
        "ticket_history",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_ticket_history_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_history_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_history")),
        comment="append-only: a trigger refuses UPDATE and DELETE",
    )
    op.create_index("ix_ticket_history_ticket", "ticket_history", ["ticket_id", "id"], unique=False)
