"""The open-data files: `python -m data_export FOLDER` will read the register once and write every published format.

It arrives in stage 4. It may read `public_site`'s register and standings, never complaints, supervisors, mail or web,
and nothing in `public_site` may import it: `pyproject.toml` holds that contract already.
"""
