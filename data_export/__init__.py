"""The open-data files: `python -m data_export FOLDER` reads the register once and writes every published format.

    __main__               the command
    exporting              one export from lock to `index.json`: read, write, check, and only then publish
    checking               what must hold of a version's files before anybody sees them
    describing  deltas     Data Package, CSVW, DCAT · what changed since the version before
    writing   workbooks    the tables as files, each format · as XLSX and SQLite, which want a row at a time
    staging                the register's rows in DuckDB, and how each public table is put together from them
    finishing  versions    digests and compressed siblings, one pass a file · folders, the atomic switch, thinning
    fields                 the one list of tables and fields from which everything above is generated

Only the register, its projections, the log and the suppressed counts of complaints are read, by naming their columns:
complaints (in databases of their own, which this package does not open), drafts, people and reports
cannot get into a file. Nothing in `public_site` imports this package: pages read its files (`public_site.open_data`).
"""
