"""The whole schema, every column commented where its name does not say it. One change here, one migration."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from callengine.store.database import Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives an automatic key only to INTEGER; PostgreSQL wants room for years of calls.
Key = BigInteger().with_variant(Integer, "sqlite")


def _key() -> Column[int]:
    return Column("id", Key, primary_key=True, autoincrement=True)


# Prefix ranges need the order of code points: PostgreSQL is told, SQLite compares so anyway.
Word = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


# --- people who work here -----------------------------------------------------------------------------

organisations = Table(
    "organisations",
    metadata,
    _key(),
    Column("code", Text, nullable=False, unique=True, comment="the key in imports"),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="organisation_kind of the classifier: management_company, …"),
    Column("phone", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

staff = Table(
    "staff",
    metadata,
    _key(),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False, comment="administrator, supervisor, operator, organisation_manager, …"),
    Column("extension", Text, nullable=True, unique=True, comment="the operator's phone on the PBX"),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=True),
    Column("password_hash", Text, nullable=True, comment="argon2id; null: cannot sign in"),
    Column("language", Text, nullable=False, server_default="ru"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("phone", Text, nullable=False, server_default="", comment="E.164, of an executor on his way"),
    Column("trade", Text, nullable=False, server_default="", comment="plumber, electrician, … as the classifier says"),
    Column("districts", JSON, nullable=False, server_default=text("'[]'"), comment="of an inspector; [] is all"),
    Index("ix_staff_organisation", "organisation_id"),
)

shifts = Table(
    "shifts",
    metadata,
    _key(),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Index("ix_shifts_begins", "begins_at"),
    Index("ix_shifts_staff", "staff_id", "begins_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of the opaque token"),
    Column("kind", Text, nullable=False, comment="session (cookie) or token (Bearer, made by the CLI)"),
    Column("name", Text, nullable=False, server_default=""),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("role", Text, nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
)

staff_states = Table(
    "staff_states",
    metadata,
    _key(),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=False),
    Column("state", Text, nullable=False, comment="offline, ready, pause, after_call"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True, comment="null: the state of now"),
    Index("ix_staff_states_now", "staff_id", "ended_at"),
)

# --- calls -----------------------------------------------------------------------------------------------

calls = Table(
    "calls",
    metadata,
    _key(),
    Column("pbx", Text, nullable=False),
    Column("linkedid", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("number_kind", Text, nullable=False),
    Column("number", Text, nullable=False, comment="E.164, short, '' when withheld, else the raw text"),
    Column("name", Text, nullable=False, comment="as the network sent it; hostile"),
    Column("did", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=True),
    Column("missed", Text, nullable=True),
    Column("arrived_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=True),
    Column("offered_at", Moment, nullable=True),
    Column("answered_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("operator", Text, nullable=False, comment="extension"),
    Column("wait_seconds", Float, nullable=True),
    Column("talk_seconds", Float, nullable=False),
    Column("held_seconds", Float, nullable=False),
    Column("recording_file", Text, nullable=False),
    Column("message_file", Text, nullable=False),
    Column("callback_requested", Boolean, nullable=False),
    Column("robot", Boolean, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("source", Text, nullable=False, comment="events or ledger"),
    Column("offers", JSON, nullable=False, comment="[{operator, began_at, ended_at, result}]"),
    Column("talks", JSON, nullable=False, comment="[{operator, began_at, ended_at}]"),
    UniqueConstraint("pbx", "linkedid"),
    Index("ix_calls_arrived_at", "arrived_at", "id"),
    Index("ix_calls_number", "number", "arrived_at"),
    Index("ix_calls_operator", "operator", "arrived_at"),
    Index(
        "ix_calls_open",
        "pbx",
        "arrived_at",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

coverage = Table(
    "coverage",
    metadata,
    _key(),
    Column("pbx", Text, nullable=False),
    Column("source", Text, nullable=False, comment="events (the link was up) or ledger (recovered afterwards)"),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, comment="the last proof of life"),
    Column("ended_at", Moment, nullable=True, comment="null: goes on; after a crash closed at seen_at"),
    Index("ix_coverage_pbx", "pbx", "began_at"),
)

originations = Table(
    "originations",
    metadata,
    Column("id", Text, primary_key=True, comment="our own id, sent as the channel variable and ActionID"),
    Column("pbx", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("extension", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("duty_id", Key, ForeignKey("duties.id"), nullable=True),
    Column("state", Text, nullable=False, comment="planned, sent, accepted, refused, unknown, seen, ended"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("created_at", Moment, nullable=False),
)

# --- timers ----------------------------------------------------------------------------------------------

timers = Table(
    "timers",
    metadata,
    _key(),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment, nullable=True),
    Column("fence", Integer, nullable=False, server_default="0", comment="grows with each claim"),
    Column("tries", Integer, nullable=False, server_default="0"),
    UniqueConstraint("kind", "subject"),
    # Two small indexes: what waits for its moment, and what somebody holds (or will try again).
    Index(
        "ix_timers_waiting",
        "due_at",
        sqlite_where=text("lease_until IS NULL"),
        postgresql_where=text("lease_until IS NULL"),
    ),
    Index(
        "ix_timers_leased",
        "lease_until",
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
)

engines = Table(
    "engines",
    metadata,
    Column("name", Text, primary_key=True, comment="what is owned: 'engine' on SQLite, 'pbx:NAME' on PostgreSQL"),
    Column("owner", Text, nullable=False, comment="host, process id and a random part"),
    Column("lease_until", Moment, nullable=False),
)

# --- callback duties --------------------------------------------------------------------------------------

duties = Table(
    "duties",
    metadata,
    _key(),
    Column("line", Text, nullable=False),
    Column("number_kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("arrived_at", Moment, nullable=False, comment="of the earliest missed call"),
    Column("due_at", Moment, nullable=False, comment="the operator's clock"),
    Column("legal_due_at", Moment, nullable=False, comment="the law's clock, from arrival"),
    Column("missed_count", Integer, nullable=False),
    Column("claimed_by", Key, ForeignKey("staff.id"), nullable=True),
    Column("claimed_at", Moment, nullable=True),
    Column("claim_token", Integer, nullable=False, server_default="0"),
    Column("settled_at", Moment, nullable=True),
    Column("settled_by", Key, ForeignKey("staff.id"), nullable=True),
    Column("settled_call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("close_reason", Text, nullable=False, server_default=""),
    Column("callback_requested", Boolean, nullable=False, server_default=text("false")),
    Column("message_recording_id", Key, ForeignKey("recordings.id"), nullable=True),
    Column("message_heard_at", Moment, nullable=True),
    Column(
        "reason", Text, nullable=False, server_default="", comment="'': calls were missed; rating: he is not content"
    ),
    Column("wanted_by", Moment, nullable=True, comment="a call is owed until then, though none was missed"),
    Column("ticket_id", Key, nullable=True, comment="tickets.id that it is about"),
    Index(
        "uq_duties_owed",
        "line",
        "number",
        unique=True,
        sqlite_where=text("state IN ('open','claimed','attempted')"),
        postgresql_where=text("state IN ('open','claimed','attempted')"),
    ),
    Index("ix_duties_state", "state", "due_at"),
    Index("ix_duties_arrived_at", "arrived_at"),
    Index("ix_duties_number", "number"),
    Index("ix_duties_settled_call", "settled_call_id"),
)

duty_calls = Table(
    "duty_calls",
    metadata,
    Column("duty_id", Key, ForeignKey("duties.id"), primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), primary_key=True),
    Column("part", Text, nullable=False, comment="missed, attempt or contact"),
    Index("ix_duty_calls_call", "call_id"),
)

duty_attempts = Table(
    "duty_attempts",
    metadata,
    _key(),
    Column("duty_id", Key, ForeignKey("duties.id"), nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("operator", Text, nullable=False),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("result", Text, nullable=False, comment="'' while it goes on; answered, no_answer, busy, machine, …"),
    UniqueConstraint("duty_id", "call_id"),
    Index("ix_duty_attempts_request", "request_id"),
    Index("ix_duty_attempts_at", "at"),
)

duty_history = Table(
    "duty_history",
    metadata,
    _key(),
    Column("duty_id", Key, ForeignKey("duties.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("data", JSON, nullable=False),
    Index("ix_duty_history_duty", "duty_id", "id"),
    comment="append-only: a trigger refuses UPDATE and DELETE",
)

# --- recordings ------------------------------------------------------------------------------------------

recordings = Table(
    "recordings",
    metadata,
    _key(),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("pbx", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="conversation or message"),
    Column("file_name", Text, nullable=False, comment="as the PBX names it"),
    Column("state", Text, nullable=False, comment="recording, ready, short, missing, broken, expired"),
    Column("problem", Text, nullable=False, server_default="", comment="in words, what is wrong and what to do"),
    Column("path", Text, nullable=False, server_default="", comment="under [recordings] dir"),
    Column("format", Text, nullable=False, server_default=""),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("seconds", Float, nullable=True),
    Column("expected_seconds", Float, nullable=True, comment="bridged time by the tracker"),
    Column("sha256", Text, nullable=False, server_default="", comment="of the file as the PBX wrote it"),
    Column("stored_sha256", Text, nullable=False, server_default="", comment="of the file as it is kept"),
    Column("peaks", LargeBinary, nullable=True, comment="two channels of 8-bit peaks, interleaved"),
    Column("created_at", Moment, nullable=False),
    Column("ready_at", Moment, nullable=True),
    Column("delete_after", Moment, nullable=True),
    Column("legal_hold", Boolean, nullable=False, server_default=text("false")),
    Column("hold_reason", Text, nullable=False, server_default=""),
    UniqueConstraint("pbx", "file_name"),
    Index("ix_recordings_call", "call_id"),
    Index("ix_recordings_delete_after", "delete_after"),
)

listenings = Table(
    "listenings",
    metadata,
    _key(),
    Column("recording_id", Key, ForeignKey("recordings.id"), nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Index("ix_listenings_recording", "recording_id"),
)

recording_marks = Table(
    "recording_marks",
    metadata,
    _key(),
    Column("recording_id", Key, ForeignKey("recordings.id"), nullable=False),
    Column("at_seconds", Float, nullable=False, comment="from the beginning of the recording"),
    Column("text", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("author", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment, nullable=True),
    Index("ix_recording_marks_recording", "recording_id"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("recording_id", Key, ForeignKey("recordings.id"), primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False, comment="waiting, ready, silent (nobody spoke), failed"),
    Column("language", Text, nullable=False, comment="what the speaker was asked in"),
    Column("text", Text, nullable=False, server_default="", comment="by a machine: a help to the reader, no proof"),
    Column("certainty", Float, nullable=True, comment="0 to 1, the model's own"),
    Column("model", Text, nullable=False, server_default="", comment="the folder of the model, its last name"),
    Column("problem", Text, nullable=False, server_default=""),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment, nullable=True),
    Index(
        "ix_transcripts_waiting",
        "created_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

# --- directory -------------------------------------------------------------------------------------------

houses = Table(
    "houses",
    metadata,
    _key(),
    Column("code", Text, nullable=False, unique=True, comment="the key in imports"),
    Column("street", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("search", Text, nullable=False, comment="folded address for search"),
    Column("district", Text, nullable=False, server_default=""),
    Column("floors", Integer, nullable=True),
    Column("entrances", Integer, nullable=True),
    Column("features", JSON, nullable=False, comment='["lift","gas","central_heating","hot_water","chute"]'),
)

house_names = Table(
    "house_names",
    metadata,
    _key(),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=False),
    Column("street", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("until", Moment, nullable=False, comment="when the house was renamed"),
    Index("ix_house_names_house", "house_id"),
    comment="former addresses: still found, and written on old tickets",
)

premises = Table(
    "premises",
    metadata,
    _key(),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=False),
    Column("number", Text, nullable=False, comment="flat or room, as written on the door"),
    Column("kind", Text, nullable=False, server_default="flat", comment="flat, office, common"),
    Column("entrance", Integer, nullable=True),
    Column("floor", Integer, nullable=True),
    UniqueConstraint("house_id", "number"),
)

MERGED = text("merged_into IS NOT NULL")
INTERIM = text("interim_at IS NOT NULL")
KNOWN_PERSON = text("person_id IS NOT NULL")

people = Table(
    "people",
    metadata,
    _key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("merged_into", Key, nullable=True, comment="people.id: this card was a duplicate of that one"),
    Column("notify", Text, nullable=False, server_default="", comment="how he is told: none, sms, push, call, email"),
    Column("email", Text, nullable=False, server_default=""),
    Index("ix_people_merged_into", "merged_into", sqlite_where=MERGED, postgresql_where=MERGED),
)

person_merges = Table(
    "person_merges",
    metadata,
    _key(),
    Column("kept_id", Key, ForeignKey("people.id"), nullable=False),
    Column("merged_id", Key, ForeignKey("people.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("author", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("moved", JSON, nullable=False, comment="what went over: numbers, residences, notes, tickets; for the undo"),
    Column("undone_at", Moment, nullable=True),
    Column("undone_by", Text, nullable=False, server_default=""),
    Index("ix_person_merges_kept", "kept_id"),
    Index("ix_person_merges_merged", "merged_id"),
)

person_numbers = Table(
    "person_numbers",
    metadata,
    Column("person_id", Key, ForeignKey("people.id"), primary_key=True),
    Column("number", Text, primary_key=True),
    Index("ix_person_numbers_number", "number"),
)

residences = Table(
    "residences",
    metadata,
    _key(),
    Column("person_id", Key, ForeignKey("people.id"), nullable=False),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=False),
    Column("premise", Text, nullable=False, comment="flat"),
    Column("relation", Text, nullable=False, comment="owner, tenant, relative, …"),
    UniqueConstraint("person_id", "house_id", "premise"),
    Index("ix_residences_house", "house_id"),
)

notes = Table(
    "notes",
    metadata,
    _key(),
    Column("person_id", Key, ForeignKey("people.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("removed_at", Moment, nullable=True),
    Column("kind", Text, nullable=False, server_default="note", comment="note or tag"),
    Index("ix_notes_person", "person_id"),
)

contracts = Table(
    "contracts",
    metadata,
    _key(),
    Column("code", Text, nullable=False, unique=True),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="organisation_kind that it serves as"),
    Column("branch", Text, nullable=False, server_default="", comment="classifier code or prefix; '' is all"),
    Column("priority", Integer, nullable=False, server_default="100", comment="lower wins"),
    Column("valid_from", Moment, nullable=True),
    Column("valid_until", Moment, nullable=True),
    Column("everywhere", Boolean, nullable=False, server_default=text("false"), comment="serves every house"),
    Column("duty_hours", Text, nullable=False, server_default="", comment="24x7, work, 08:00-23:00; '' is always"),
    Column("note", Text, nullable=False, server_default=""),
    Column("author", Text, nullable=False, server_default="", comment="who made or last changed it by hand"),
    Column("changed_at", Moment, nullable=True),
    Column("removed_at", Moment, nullable=True, comment="it routes nothing any more; tickets still name it"),
    Index("ix_contracts_organisation", "organisation_id"),
    Index(
        "ix_contracts_everywhere",
        "kind",
        "valid_until",
        sqlite_where=text("everywhere = 1"),
        postgresql_where=text("everywhere"),
    ),
)

contract_houses = Table(
    "contract_houses",
    metadata,
    Column("contract_id", Key, ForeignKey("contracts.id"), primary_key=True),
    Column("house_id", Key, ForeignKey("houses.id"), primary_key=True),
    Index("ix_contract_houses_house", "house_id"),
)

incidents = Table(
    "incidents",
    metadata,
    _key(),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="accident or planned"),
    Column("title", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default=""),
    Column("began_at", Moment, nullable=False),
    Column("promised_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("ticket_number", Text, nullable=True),
    Index("ix_incidents_house", "house_id", "ended_at"),
)

search_words = Table(
    "search_words",
    metadata,
    Column("kind", Text, primary_key=True, comment="house, person, number, number_end (reversed), ticket"),
    Column("word", Word, primary_key=True, comment="folded by directory/search.py"),
    Column("subject_id", Key, primary_key=True, comment="id of the house, person or ticket"),
    Index("ix_search_words_subject", "kind", "subject_id"),
    sqlite_with_rowid=False,
)

# --- tickets ---------------------------------------------------------------------------------------------


OPEN = text("status NOT IN ('closed','cancelled')")
LATE, MARKED = text("late_at IS NOT NULL"), text("mark IS NOT NULL")
DECLINED = text("declined_at IS NOT NULL")


def _open_index(name: str, *columns: str) -> Index:
    """Only tickets that are not final: some hundredths of all."""
    return Index(name, *columns, sqlite_where=OPEN, postgresql_where=OPEN)


classifier = Table(
    "classifier",
    metadata,
    Column("code", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("problem_ru", Text, nullable=False),
    Column("problem_en", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("organisation_kind", Text, nullable=False),
    Column("organisation_kinds_next", JSON, nullable=False),
    Column("trade", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Column("accept_minutes", Integer, nullable=True),
    Column("localize_minutes", Integer, nullable=True),
    Column("fix_minutes", Integer, nullable=True),
    Column("clock", Text, nullable=False),
    Column("notify_municipality", Boolean, nullable=False),
    Column("questions", JSON, nullable=False),
    Column("source", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("parent", Text, nullable=False, server_default="", comment="code of its group in the tree"),
    Column("script", JSON, nullable=False, server_default=text("'[]'"), comment="questions with the types of answers"),
    Column("paid", Boolean, nullable=False, server_default=text("false")),
    Column("confirm_minutes", Integer, nullable=True, comment="of a paid job: after it, private firms"),
    Column("safety_ru", Text, nullable=False, server_default="", comment="what to say first when life is at risk"),
    Column("safety_en", Text, nullable=False, server_default=""),
    Column("transfer_to", Text, nullable=False, server_default="", comment="the number of the warm transfer: 112, 104"),
    Column("referral_ru", Text, nullable=False, server_default="", comment="out of scope: where to turn instead"),
    Column("referral_en", Text, nullable=False, server_default=""),
    Column("answer_ru", Text, nullable=False, server_default="", comment="the approved standard answer"),
    Column("answer_en", Text, nullable=False, server_default=""),
    Column("valid_from", Moment, nullable=True),
    Column("valid_until", Moment, nullable=True),
)

classifier_groups = Table(
    "classifier_groups",
    metadata,
    Column("code", Text, primary_key=True),
    Column("parent", Text, nullable=False, server_default="", comment="'' at the top; never a loop"),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default="0"),
)

classifier_versions = Table(
    "classifier_versions",
    metadata,
    _key(),
    Column("created_at", Moment, nullable=False),
    Column("valid_from", Moment, nullable=False, comment="it applies from then on; later than now: planned"),
    Column("applied_at", Moment, nullable=True),
    Column("source", Text, nullable=False, comment="shipped, import, edit or undo"),
    Column("author", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("changes", JSON, nullable=False, comment="[{code, before, after}]: the undo goes back along it"),
    Column("undone_by", Key, nullable=True, comment="the version that took it back"),
    Column("fingerprint", Text, nullable=False, server_default="", comment="SHA-256 of the file previewed"),
    Index("ix_classifier_versions_valid", "valid_from"),
)

classifier_overrides = Table(
    "classifier_overrides",
    metadata,
    _key(),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("branch", Text, nullable=False, comment="classifier code or the beginning of one"),
    Column("accept_minutes", Integer, nullable=True),
    Column("localize_minutes", Integer, nullable=True),
    Column("fix_minutes", Integer, nullable=True),
    Column("clock", Text, nullable=False, server_default=""),
    Column("urgency", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, comment="the paper that allows it"),
    UniqueConstraint("organisation_id", "branch"),
)

calendar_days = Table(
    "calendar_days",
    metadata,
    Column("day", Text, primary_key=True, comment="2026-05-11, in the service's zone"),
    Column("working", Boolean, nullable=False, comment="an exception to the country's calendar"),
    Column("name", Text, nullable=False, server_default=""),
    Column("author", Text, nullable=False, server_default=""),
)

ticket_counters = Table(
    "ticket_counters",
    metadata,
    Column("year", Integer, primary_key=True, comment="in the organisation's zone"),
    Column("last", Integer, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    _key(),
    Column("number", Text, nullable=False, unique=True, comment="26-000001: year and count, never reused"),
    Column("status", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("classifier_code", Text, ForeignKey("classifier.code"), nullable=False),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=True),
    Column("premise", Text, nullable=False),
    Column("applicant_name", Text, nullable=False),
    Column("applicant_number", Text, nullable=False),
    Column("person_id", Key, ForeignKey("people.id"), nullable=True),
    Column("text", Text, nullable=False),
    Column("answers", JSON, nullable=False, comment="[{question, answer}]"),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=True),
    Column("organisation_reason", Text, nullable=False, comment="why this one, in words"),
    Column("executor_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("accept_by", Moment, nullable=True),
    Column("localise_by", Moment, nullable=True),
    Column("fix_by", Moment, nullable=True),
    Column("deadline_reason", Text, nullable=False),
    Column("mark", Integer, nullable=True),
    Column("created_by", Key, ForeignKey("staff.id"), nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("idempotency_key", Text, nullable=True, unique=True),
    Column("version", Integer, nullable=False, server_default="0", comment="grows with each move: one winner of two"),
    Column("rank", Integer, nullable=False, server_default="3", comment="of the urgency: 0 life, 1 emergency, 2, 3 …"),
    Column("due_at", Moment, nullable=True, comment="the nearest term that still runs"),
    Column("damage_at", Moment, nullable=True),
    Column("conditions", JSON, nullable=False, server_default=text("'{}'"), comment="asked at intake"),
    Column("district", Text, nullable=False, server_default="", comment="section of the house at registration"),
    Column("accepted_at", Moment, nullable=True),
    Column("localised_at", Moment, nullable=True),
    Column("fixed_at", Moment, nullable=True, comment="the executor reported done; taken back by a rework"),
    Column("closed_at", Moment, nullable=True, comment="closed or cancelled"),
    Column("close_reason", Text, nullable=False, server_default=""),
    Column("late_at", Moment, nullable=True, comment="when its fix term passed unfinished: it stays for ever"),
    Column("postponed_until", Moment, nullable=True),
    Column("postpone_reason", Text, nullable=False, server_default=""),
    Column("touched_at", Moment, nullable=True, comment="the last move or comment of those who must act"),
    Column("stall_level", Integer, nullable=False, server_default="0", comment="rungs climbed of the ladder"),
    Column("declined_count", Integer, nullable=False, server_default="0"),
    Column("reopened_count", Integer, nullable=False, server_default="0"),
    Column("applicant_count", Integer, nullable=False, server_default="1"),
    Column("paid", Boolean, nullable=False, server_default=text("false")),
    Column("paid_confirm_by", Moment, nullable=True),
    Column("paid_confirmed_at", Moment, nullable=True),
    Column("marked_at", Moment, nullable=True),
    Column("classifier_version", Key, nullable=True, comment="classifier_versions.id at registration"),
    Column("contract_code", Text, nullable=False, server_default="", comment="that routed it"),
    Column("parent_id", Key, nullable=True, comment="tickets.id: it repeats that one, or is part of it"),
    Column(
        "notify", Text, nullable=False, server_default="", comment="how its applicant is told; '' as the service does"
    ),
    Column("applicant_email", Text, nullable=False, server_default=""),
    Column("interim_by", Moment, nullable=True, comment="by when the rules want an interim answer"),
    Column("interim_at", Moment, nullable=True, comment="when the last interim answer was given"),
    Column("interim_until", Moment, nullable=True, comment="the date of the fix that it promised"),
    Column("interim_text", Text, nullable=False, server_default=""),
    # The journal of what is open, in the order of danger, with all that it is narrowed by: read without the rows.
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
    ),
    _open_index("ix_tickets_open_due", "due_at", "id"),
    _open_index("ix_tickets_open_organisation", "organisation_id", "rank", "due_at", "id"),
    _open_index("ix_tickets_open_status", "status", "rank", "due_at", "id"),
    Index("ix_tickets_organisation", "organisation_id", "status"),
    Index("ix_tickets_executor", "executor_id", "status"),
    # The journal of all, newest first, and of what is looked for most.
    Index("ix_tickets_created_at", "created_at", "id"),
    Index("ix_tickets_organisation_created", "organisation_id", "created_at", "id"),
    Index("ix_tickets_house_created", "house_id", "created_at", "id"),
    Index("ix_tickets_executor_created", "executor_id", "created_at", "id"),
    Index("ix_tickets_district_created", "district", "created_at", "id"),
    Index("ix_tickets_classifier_created", "classifier_code", "created_at", "id"),
    Index("ix_tickets_paid", "created_at", "id", sqlite_where=text("paid = 1"), postgresql_where=text("paid")),
    Index("ix_tickets_late", "created_at", "id", sqlite_where=LATE, postgresql_where=LATE),
    Index("ix_tickets_interim", "interim_at", sqlite_where=INTERIM, postgresql_where=INTERIM),
    Index("ix_tickets_mark", "mark", "created_at", "id", sqlite_where=MARKED, postgresql_where=MARKED),
    Index("ix_tickets_house", "house_id", "status"),
    Index("ix_tickets_applicant", "applicant_number"),
    Index("ix_tickets_person", "person_id", sqlite_where=KNOWN_PERSON, postgresql_where=KNOWN_PERSON),
    Index("ix_tickets_status", "status", "fix_by"),
)

ticket_words = Table(
    "ticket_words",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("word", Word, nullable=False, unique=True, comment="folded; ~ and the digits backwards: a telephone"),
    comment="each word of any ticket once: beginnings and slips are looked for here",
)

ticket_postings = Table(
    "ticket_postings",
    metadata,
    Column("word_id", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Moment, primary_key=True, comment="of the ticket: a word's tickets lie in their order"),
    Column("ticket_id", Key, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

ticket_calls = Table(
    "ticket_calls",
    metadata,
    Column("ticket_id", Key, ForeignKey("tickets.id"), primary_key=True),
    Column("call_id", Key, ForeignKey("calls.id"), primary_key=True),
    Index("ix_ticket_calls_call", "call_id"),
)

ticket_history = Table(
    "ticket_history",
    metadata,
    _key(),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("data", JSON, nullable=False),
    Column("role", Text, nullable=False, server_default="", comment="of the author then"),
    Column("public", Boolean, nullable=False, server_default=text("true"), comment="the resident may read it"),
    Column("key", Text, nullable=True, comment="idempotency key of the move"),
    Index("ix_ticket_history_ticket", "ticket_id", "id"),
    Index("uq_ticket_history_key", "ticket_id", "key", unique=True),
    comment="append-only: a trigger refuses UPDATE and DELETE",
)

REMINDED = text("ended_at IS NULL")

ticket_reminders = Table(
    "ticket_reminders",
    metadata,
    _key(),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("about", Text, nullable=False, comment="accept, localise, fix, stall, … as in the history"),
    Column("level", Integer, nullable=False, comment="the rung, of a stall"),
    Column("side", Text, nullable=False, comment="centre, organisation, executor: who takes it for whom"),
    Column("roles", Text, nullable=False, comment=",operator,supervisor,: of this side, whom it is for"),
    Column("due_at", Moment, nullable=False),
    Column("at", Moment, nullable=False, comment="when it was told last"),
    Column("ended_at", Moment, nullable=True),
    Column("ended_by", Text, nullable=False, server_default="", comment="the move, or taken"),
    Column("taken_by", Text, nullable=False, server_default="", comment="a name"),
    Index(
        "uq_ticket_reminders_open",
        "ticket_id",
        "about",
        "level",
        "side",
        unique=True,
        sqlite_where=REMINDED,
        postgresql_where=REMINDED,
    ),
    Index("ix_ticket_reminders_side", "side", "at", sqlite_where=REMINDED, postgresql_where=REMINDED),
    comment="what stands on screens; the story of it is in ticket_history",
)

ticket_organisations = Table(
    "ticket_organisations",
    metadata,
    Column("organisation_id", Key, ForeignKey("organisations.id"), primary_key=True),
    Column("ticket_id", Key, ForeignKey("tickets.id"), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("declined_at", Moment, nullable=True),
    Column("decline_reason", Text, nullable=False, server_default=""),
    Index("ix_ticket_organisations_ticket", "ticket_id"),
    Index(
        "ix_ticket_organisations_declined",
        "organisation_id",
        "ticket_id",
        sqlite_where=DECLINED,
        postgresql_where=DECLINED,
    ),
    comment="who ever answered for a ticket: an organisation sees those that it declined",
)

ticket_declines = Table(
    "ticket_declines",
    metadata,
    _key(),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("classifier_code", Text, nullable=False),
    Column("house_id", Key, nullable=True),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("contract_code", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("accepted_by", Key, nullable=True, comment="organisations.id that took it afterwards"),
    Index("ix_ticket_declines_matrix", "classifier_code", "house_id"),
    Index("ix_ticket_declines_ticket", "ticket_id"),
    Index("ix_ticket_declines_at", "at"),
)

ticket_applicants = Table(
    "ticket_applicants",
    metadata,
    _key(),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("person_id", Key, ForeignKey("people.id"), nullable=True),
    Column("name", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("premise", Text, nullable=False, server_default=""),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True),
    Column("text", Text, nullable=False, server_default=""),
    Column("joined_at", Moment, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Index("ix_ticket_applicants_ticket", "ticket_id"),
    Index("ix_ticket_applicants_number", "number"),
    Index("ix_ticket_applicants_person", "person_id", sqlite_where=KNOWN_PERSON, postgresql_where=KNOWN_PERSON),
    comment="the second and further applicants of one matter",
)

ticket_files = Table(
    "ticket_files",
    metadata,
    _key(),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="photo, act (signed) or document"),
    Column("name", Text, nullable=False, comment="as the sender named it; hostile"),
    Column("path", Text, nullable=False, comment="under [files] dir"),
    Column("media_type", Text, nullable=False, comment="by content, never by the name"),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("thumbnail", Text, nullable=False, server_default="", comment="path, '' when it has none"),
    Column("width", Integer, nullable=True),
    Column("height", Integer, nullable=True),
    Column("public", Boolean, nullable=False, comment="the applicant may see it"),
    Column("moment", Text, nullable=False, server_default="", comment="before, after or ''"),
    Column("author", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment, nullable=True),
    Column("removed_by", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=True, unique=True, comment="idempotency key of the upload"),
    Index("ix_ticket_files_ticket", "ticket_id"),
)

ticket_links = Table(
    "ticket_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of the opaque token in the resident's link"),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment, nullable=True),
    Column("opened_at", Moment, nullable=True),
    Column("views", Integer, nullable=False, server_default="0"),
    Index("ix_ticket_links_ticket", "ticket_id"),
)

saved_filters = Table(
    "saved_filters",
    metadata,
    _key(),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True, comment="null: for everybody"),
    Column("name", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("columns", JSON, nullable=False, server_default=text("'[]'")),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment, nullable=True, comment="deleted, and may be brought back"),
    Index("ix_saved_filters_staff", "staff_id"),
)

exports = Table(
    "exports",
    metadata,
    _key(),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="tickets"),
    Column("filter", JSON, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("state", Text, nullable=False, comment="queued, running, done, failed, cancelled"),
    Column("rows_done", Integer, nullable=False, server_default="0"),
    Column("rows_total", Integer, nullable=False, server_default="0"),
    Column("path", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Column("delete_after", Moment, nullable=True),
    Column("lease_until", Moment, nullable=True, comment="an engine writes it until then, and puts it off"),
    Column("tries", Integer, nullable=False, server_default="0", comment="how often an engine began it"),
    Index("ix_exports_staff", "staff_id"),
)

reading_log = Table(
    "reading_log",
    metadata,
    _key(),
    Column("at", Moment, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False, comment="card, recording, export"),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Index("ix_reading_log_subject", "subject", "at"),
    Index("ix_reading_log_at", "at"),
    Index("ix_reading_log_staff", "staff_id", "at"),
)

# --- outreach: what the voice robot calls about ------------------------------------------------------------

WAITING, UNSETTLED = text("state = 'waiting'"), text("settled_at IS NULL")

campaigns = Table(
    "campaigns",
    metadata,
    _key(),
    Column("code", Text, nullable=True, unique=True, comment="of a standing one: rating, job, …; null: by hand"),
    Column("kind", Text, nullable=False, comment="rating, result, job, outage, survey, meter"),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, comment="filling, running, paused, stopped, finished"),
    Column("priority", Integer, nullable=False, comment="lower calls first"),
    Column("danger", Boolean, nullable=False, server_default=text("false"), comment="calls at night too: life at risk"),
    Column("language", Text, nullable=False),
    Column("hours", Text, nullable=False, comment="09-20, in the zone of who is called; never 22 to 08"),
    Column("days", Text, nullable=False, comment="each, no_holidays or workdays"),
    Column("most_lines", Integer, nullable=False, comment="calls at once"),
    Column("most_attempts", Integer, nullable=False),
    Column("zones", JSON, nullable=False, comment="of its calls: each is chosen for by itself"),
    Column(
        "script", JSON, nullable=False, server_default=text("'{}'"), comment="what the dialogue is given: text, graph"
    ),
    Column("begins_at", Moment, nullable=True),
    Column("ends_at", Moment, nullable=True, comment="nobody is called after it"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("changed_at", Moment, nullable=False, comment="of its state"),
    Column("changed_by", Text, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column(
        "choice", JSON, nullable=False, server_default=text("'{}'"), comment="which tickets: branch, organisation, …"
    ),
    Column(
        "spacing", JSON, nullable=False, server_default=text("'{}'"), comment="seconds by result; else as configured"
    ),
    Column("channels", JSON, nullable=False, server_default=text("'[\"call\"]'"), comment="call, sms, push"),
    Index("ix_campaigns_state", "state", "priority"),
)

# What campaigns came to, without reading their calls: triggers of outreach_calls add rows, the engine merges them.
campaign_counts = Table(
    "campaign_counts",
    metadata,
    _key(),
    Column("campaign_id", Key, nullable=False, comment="campaigns.id"),
    Column("state", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("mark", Integer, nullable=False, comment="0: none"),
    Column("calls", Integer, nullable=False, comment="so many more, or fewer; the sum is what there is"),
    Index("ix_campaign_counts_campaign", "campaign_id", "state", "result", "mark", "calls"),
)

outreach_calls = Table(
    "outreach_calls",
    metadata,
    _key(),
    Column("campaign_id", Key, ForeignKey("campaigns.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True, comment="one call per ticket (or campaign) and number"),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=True),
    Column("number", Text, nullable=False, comment="E.164"),
    Column("name", Text, nullable=False, server_default=""),
    Column("zone", Text, nullable=False, comment="of who is called: Europe/Samara"),
    Column("language", Text, nullable=False),
    Column(
        "facts", JSON, nullable=False, server_default=text("'{}'"), comment="what the dialogue is told of this call"
    ),
    Column("state", Text, nullable=False, comment="waiting, calling, done, given_up, suppressed, cancelled"),
    Column("due_at", Moment, nullable=False, comment="not before"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="that count"),
    Column("placed", Integer, nullable=False, server_default="0", comment="all: the next request id takes this number"),
    Column("result", Text, nullable=False, server_default="", comment="of the last attempt, or why there was none"),
    Column("mark", Integer, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment, nullable=True),
    # Who is next: within a campaign and a zone the earliest, however many wait elsewhere.
    Index(
        "ix_outreach_calls_next", "campaign_id", "zone", "due_at", "id", sqlite_where=WAITING, postgresql_where=WAITING
    ),
    Index("ix_outreach_calls_campaign", "campaign_id", "id"),
    Index("ix_outreach_calls_results", "campaign_id", "state", "result", "mark"),
    Index(
        "ix_outreach_calls_ticket",
        "ticket_id",
        sqlite_where=text("ticket_id IS NOT NULL"),
        postgresql_where=text("ticket_id IS NOT NULL"),
    ),
    Index("ix_outreach_calls_number", "number"),
)

outreach_attempts = Table(
    "outreach_attempts",
    metadata,
    Column("id", Text, primary_key=True, comment="robot-…: the request, the ActionID, the channel's id and CE_REQUEST"),
    Column("outreach_call_id", Key, ForeignKey("outreach_calls.id"), nullable=False),
    Column("campaign_id", Key, ForeignKey("campaigns.id"), nullable=False),
    Column("number", Text, nullable=False),
    Column("pbx", Text, nullable=False),
    Column("state", Text, nullable=False, comment="planned, sent, unknown, answered, ended, settled"),
    Column(
        "lease_until",
        Moment,
        nullable=False,
        comment="somebody looks after it until then; then its traces are looked for",
    ),
    Column("planned_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("answered_at", Moment, nullable=True, comment="the dialogue began"),
    Column("told_at", Moment, nullable=True, comment="the dialogue's outcome is known"),
    Column("settled_at", Moment, nullable=True),
    Column(
        "result", Text, nullable=False, server_default="", comment="busy, no_answer, …, or the dialogue's: marked, …"
    ),
    Column("reason", Text, nullable=False, server_default=""),
    Column("mark", Integer, nullable=True),
    Column("proof", Text, nullable=False, server_default="", comment="key, speech or none: answered is not human"),
    Column("keys", Text, nullable=False, server_default="", comment="as pressed"),
    Column("comment", Text, nullable=False, server_default="", comment="file of the spoken comment"),
    Column(
        "facts",
        JSON,
        nullable=False,
        server_default=text("'{}'"),
        comment="the whole outcome, as menus.outcome writes it",
    ),
    Column("pbx_call_id", Key, ForeignKey("calls.id"), nullable=True, comment="the conversation, with its recording"),
    Column("applied", Text, nullable=False, server_default="", comment="what became of the ticket: moved, or why not"),
    # The database itself forbids two calls at once for one row, or to one number.
    Index(
        "uq_outreach_attempts_call", "outreach_call_id", unique=True, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED
    ),
    Index("uq_outreach_attempts_number", "number", unique=True, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
    Index("ix_outreach_attempts_lease", "lease_until", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
    Index("ix_outreach_attempts_of_call", "outreach_call_id", "planned_at"),
    Index("ix_outreach_attempts_last", "number", "planned_at"),
    Index("ix_outreach_attempts_pbx_call", "pbx_call_id"),
    Index(
        "ix_outreach_attempts_marks",
        "settled_at",
        "id",
        sqlite_where=text("result IN ('marked','not_done','done_no_mark')"),
        postgresql_where=text("result IN ('marked','not_done','done_no_mark')"),
    ),
)

ratings = Table(
    "ratings",
    metadata,
    Column("outreach_call_id", Key, ForeignKey("outreach_calls.id"), primary_key=True, autoincrement=False),
    Column("attempt_id", Text, ForeignKey("outreach_attempts.id"), nullable=False, comment="that told it"),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=True),
    Column("organisation_id", Key, nullable=True, comment="organisations.id, when it was asked"),
    Column("executor_id", Key, nullable=True, comment="staff.id, who did the job"),
    Column("classifier_code", Text, nullable=False),
    Column("at", Moment, nullable=False, comment="when the call was over"),
    Column("result", Text, nullable=False, comment="marked, not_done, done_no_mark, or why there is none"),
    Column("mark", Integer, nullable=False, server_default="0", comment="0: none"),
    # Each holds all that is counted: figures are read without the rows.
    Index("ix_ratings_at", "at", "organisation_id", "executor_id", "classifier_code", "result", "mark"),
    Index("ix_ratings_organisation", "organisation_id", "at", "executor_id", "classifier_code", "result", "mark"),
    Index("ix_ratings_executor", "executor_id", "at", "organisation_id", "classifier_code", "result", "mark"),
    Index("ix_ratings_ticket", "ticket_id"),
    comment="who was asked by telephone how a job was done; who never answered counts too",
)

outreach_halts = Table(
    "outreach_halts",
    metadata,
    _key(),
    Column("halted_at", Moment, nullable=False),
    Column("halted_by", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("resumed_at", Moment, nullable=True, comment="null: the robot calls nobody now"),
    Column("resumed_by", Text, nullable=False, server_default=""),
    Index(
        "ix_outreach_halts_now",
        "halted_at",
        sqlite_where=text("resumed_at IS NULL"),
        postgresql_where=text("resumed_at IS NULL"),
    ),
    comment="the kill switch, with its history",
)

opt_outs = Table(
    "opt_outs",
    metadata,
    _key(),
    Column("number", Text, nullable=False, comment="E.164"),
    Column(
        "kind", Text, nullable=False, server_default="", comment="of a campaign, or a channel of notices; '' is all"
    ),
    Column("since", Moment, nullable=False),
    Column("how", Text, nullable=False, comment="robot (by key), desk, link, import"),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("request_id", Text, nullable=False, server_default="", comment="the attempt in which he asked"),
    Column("removed_at", Moment, nullable=True),
    Column("removed_by", Text, nullable=False, server_default=""),
    Index(
        "uq_opt_outs_number",
        "number",
        "kind",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index("ix_opt_outs_since", "since", "id"),
)

script_texts = Table(
    "script_texts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("text", Text, nullable=False, comment="instead of the shipped one; {fields} as the step has them"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
)

# --- notices: the outbox -----------------------------------------------------------------------------------

QUEUED, SENDING = text("state = 'queued'"), text("state = 'sending'")

notices = Table(
    "notices",
    metadata,
    _key(),
    Column("key", Text, nullable=False, unique=True, comment="what makes it itself: nothing is told twice"),
    Column("kind", Text, nullable=False, comment="job, done, critical, …: the template"),
    Column("channel", Text, nullable=False, comment="push, sms, email, call"),
    Column("state", Text, nullable=False, comment="queued, sending, sent, delivered, acknowledged, failed, suppressed"),
    Column("rank", Integer, nullable=False, comment="0 danger, 1 all else: the order of the queue"),
    Column("ladder", Text, nullable=False, server_default="", comment="rungs of one ladder have the same"),
    Column("rung", Integer, nullable=False, server_default="0"),
    Column("until", Text, nullable=False, server_default="sent", comment="what ends the ladder: acknowledged or sent"),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("role", Text, nullable=False, server_default="", comment="all of this role, when it is for nobody by name"),
    Column("number", Text, nullable=False, server_default="", comment="E.164"),
    Column("email", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False),
    Column("ticket_number", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, comment="U+E000 where the resident's link comes: the link is never kept"),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False, comment="not before"),
    Column("expires_at", Moment, nullable=False, comment="later it is not worth telling"),
    Column("lease_until", Moment, nullable=True, comment="an engine sends it until then"),
    Column("fence", Integer, nullable=False, server_default="0", comment="grows with each claim"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", Moment, nullable=True),
    Column("settled_at", Moment, nullable=True),
    Column(
        "problem", Text, nullable=False, server_default="", comment="in words, why it waits, failed or was not sent"
    ),
    Column("receipt", Text, nullable=False, server_default="", comment="what the other side said when it took it"),
    Index("ix_notices_waiting", "channel", "rank", "next_at", sqlite_where=QUEUED, postgresql_where=QUEUED),
    Index("ix_notices_leased", "channel", "lease_until", sqlite_where=SENDING, postgresql_where=SENDING),
    Index("ix_notices_created_at", "created_at", "id"),
    Index("ix_notices_state", "state", "created_at", "id"),
    Index("ix_notices_ticket", "ticket_number", "id"),
    Index("ix_notices_staff", "staff_id", "state"),
    Index("ix_notices_ladder", "ladder", "rung"),
)

notice_events = Table(
    "notice_events",
    metadata,
    _key(),
    Column("notice_id", Key, ForeignKey("notices.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column(
        "what", Text, nullable=False, comment="queued, tried, sent, receipt, acknowledged, failed, suppressed, again"
    ),
    Column("detail", Text, nullable=False, server_default=""),
    Column("who", Text, nullable=False, server_default=""),
    Index("ix_notice_events_notice", "notice_id", "id"),
    comment="append-only: a trigger refuses UPDATE and DELETE",
)

notice_parts = Table(
    "notice_parts",
    metadata,
    Column("notice_id", Key, ForeignKey("notices.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("message_id", Text, nullable=False, comment="as the gateway named it: its receipts name it again"),
    Column("state", Text, nullable=False, comment="sent, delivered or failed"),
    Column("at", Moment, nullable=False),
    Index("ix_notice_parts_message", "message_id"),
)

notice_templates = Table(
    "notice_templates",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, comment="instead of the shipped one; {fields} as the kind has them"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    _key(),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("ticket_id", Key, ForeignKey("tickets.id"), nullable=True, comment="of a resident, for this ticket alone"),
    Column("endpoint", Text, nullable=False, unique=True, comment="the browser's address at its push service"),
    Column("p256dh", Text, nullable=False, comment="the browser's public key"),
    Column("auth", Text, nullable=False, comment="the secret shared with the browser"),
    Column("language", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_push_subscriptions_staff", "staff_id"),
    Index("ix_push_subscriptions_ticket", "ticket_id"),
)

notice_keys = Table(
    "notice_keys",
    metadata,
    Column("name", Text, primary_key=True, comment="vapid"),
    Column("private", Text, nullable=False, comment="PKCS#8, base64: signs pushes; all engines of a database share it"),
    Column("created_at", Moment, nullable=False),
)

# --- meters --------------------------------------------------------------------------------------------------

REMOVED_METER = text("removed_at IS NULL")

meters = Table(
    "meters",
    metadata,
    _key(),
    Column("house_id", Key, ForeignKey("houses.id"), nullable=False),
    Column("premise", Text, nullable=False, comment="flat, as in residences"),
    Column(
        "kind",
        Text,
        nullable=False,
        comment="cold_water, hot_water, heat, gas, electricity, electricity_day, electricity_night",
    ),
    Column("serial", Text, nullable=False),
    Column("place", Text, nullable=False, server_default="", comment="kitchen, bathroom: told with the kind"),
    Column("digits", Integer, nullable=False, comment="before the comma"),
    Column("most", Integer, nullable=True, comment="units that a month may bring; null: as its kind"),
    Column("verified_until", Text, nullable=True, comment="day, 2030-05-31"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("removed_at", Moment, nullable=True, comment="taken off the wall: its readings stay"),
    Column("removed_by", Text, nullable=False, server_default=""),
    Index(
        "uq_meters_serial",
        "house_id",
        "premise",
        "kind",
        "serial",
        unique=True,
        sqlite_where=REMOVED_METER,
        postgresql_where=REMOVED_METER,
    ),
    Index("ix_meters_house", "house_id", "premise", "id"),
)

meter_readings = Table(
    "meter_readings",
    metadata,
    _key(),
    Column("meter_id", Key, ForeignKey("meters.id"), nullable=False),
    Column("period", Text, nullable=False, comment="month, 2026-11"),
    Column("thousandths", BigInteger, nullable=False, comment="of a unit: 123.456 m3 is 123456"),
    Column("source", Text, nullable=False, comment="robot, operator, link, import"),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("staff_id", Key, ForeignKey("staff.id"), nullable=True),
    Column("call_id", Key, ForeignKey("calls.id"), nullable=True, comment="the conversation, with its recording"),
    Column("key", Text, nullable=True, unique=True, comment="what makes it itself: told twice it is one"),
    Column("flag", Text, nullable=False, server_default="", comment="jump: a human is to look at it; checked: he did"),
    Column("note", Text, nullable=False, server_default=""),
    Index("ix_meter_readings_meter", "meter_id", "period", "id"),
    Index("ix_meter_readings_period", "period", "meter_id", "id"),
    comment="append-only: a correction is another row of the same month, and the newest holds",
)
