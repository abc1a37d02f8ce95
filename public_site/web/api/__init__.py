"""`/api`: the public's own way to all that the pages show; there is no other, private one.

enterprises  units  entries  notices  reference  versions    the lists, one file per thing (changes: entries)
documentation                                               the OpenAPI document and the page that explains it
operations                                                  what can be asked, parameter by parameter
schemas                                                     what is answered, member by member
answering  cursors                                          the envelope of lists · where a page ended
limits                                                      how often one may ask; headers of every answer
"""

from __future__ import annotations

from public_site.web.api import documentation, enterprises, entries, limits, notices, reference, units, versions

PAGES = (documentation, enterprises, units, entries, notices, reference, versions)
__all__ = ["PAGES", "limits"]
