"""`/console`: where publishers work. Signed in, never cached, on a host of its own in production.

guard       who is at the door, and which forms are let in
sign_in     coming, going, one's own password
home        what waits for me
notices     drafts by where they lie; a new file · receiving: the file on its way in
draft       one draft, from its rows to its approval · facts: what a clerk says about a notice
mending     from a published entry to the draft that corrects it, withdraws it or takes it back
publications  the same for a whole notice · identities: for who and where an enterprise is, and its sites
moving      two enterprises become one, or a wrong match is taken apart
grounds     what every such form asks for · telling: what its draft says, for the second person
complaints  the complaints of one's own body · case: one of them · complaint_doors: whose desk it is · complaint_work: its
            templates, figures and record of reading
proposals   what those bodies propose to the publishers · administration: bodies and people, by two administrators
requests    what the public says is wrong with the data
desks       where each draft lies
"""

from __future__ import annotations

from public_site.web.console import (
    administration,
    case,
    complaint_work,
    complaints,
    draft,
    guard,
    home,
    identities,
    mending,
    moving,
    notices,
    proposals,
    publications,
    requests,
    sign_in,
)

PAGES = (
    home,
    sign_in,
    notices,
    draft,
    identities,
    moving,
    mending,
    publications,
    requests,
    complaints,
    case,
    complaint_work,
    proposals,
    administration,
)
__all__ = ["PAGES", "draft", "guard", "home", "mending", "notices", "requests", "sign_in"]
