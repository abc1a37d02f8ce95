"""`/api`: the public's own way to all that the pages show; there is no other, private one.

checks    grade checks for a list, with their receipt
"""

from __future__ import annotations

from public_site.web.api import checks

PAGES = (checks,)
__all__ = ["PAGES"]
