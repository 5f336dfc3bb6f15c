"""Alembic's entry: runs inside the connection and transaction that `callengine.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from callengine.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    # SQLite cannot alter most things in place; batch mode makes the new table and copies into it.
    render_as_batch=True,
)
context.run_migrations()
