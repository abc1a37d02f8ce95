"""What can go wrong, in four words that every floor shares.

A fault's text is a Chinese sentence for the person in front of the page or the terminal: what happened and what to do.
Nothing here knows HTTP; `web/errors.py` gives each kind its status, the commands give each kind their exit code.
More exact faults (`NoSuchEnterprise`, `NoticeRejected`, …) live in the module whose rule they tell, as children of these.
"""

from __future__ import annotations


class Fault(Exception):
    """Something a person can be told in one sentence."""


class NotFound(Fault):
    """What was asked for does not exist (or must look as if it did not)."""


class NotAllowed(Fault):
    """It exists, but this person may not do this."""


class NotValid(Fault):
    """What came in is wrong; the sentence says where and how to mend it."""


class NotReady(Fault):
    """The service cannot answer truthfully yet: a projection lags, a setting is missing, a store is away."""
