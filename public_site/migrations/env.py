"""How alembic runs here: always on a connection that `Database` opened, inside its transaction."""

from __future__ import annotations

from alembic import context

from public_site.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
