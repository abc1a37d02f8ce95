"""The schema's way from version to version (alembic), for SQLite and PostgreSQL alike."""
