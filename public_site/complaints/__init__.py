"""Complaints: lodged without an account, kept sealed, led to the right body, answered against a clock. Nothing is public.

    lodging     a form becomes a sealed complaint        following   what its informant sees and does with the code
    handling    what a supervisor of a body sees and does; every look is told to the informant
    habits      how a body's people share its work: who was given what, own views, templates      tallies  its own figures
    reading     who opened what, and what is unusual in it       proposals  grades that a body proposes to examine again
    administration  bodies, people and keys, by two administrators
    partners    systems that lodge for people, and the little that they see
    rounds      what a server does by itself: upkeep, letters, statistics
    upkeep      clocks that escalate by themselves, what is kept no longer, what was erased
    letters     to bodies: that there is something, never what
    statistics  counts of closed quarters in cells that betray nobody
    workflow    the acts, who may do them from which state: a table
    routing     which body it goes to, and the sentence that says why      bodies   who there is, where, for what
    clocks      by when, in which kind of days, on what ground
    store       the two databases, apart from the register's              keys     the console's key, who holds it
    copies      what is kept elsewhere: opened by the offline key alone
    photos, drawing   pictures drawn anew in a limited child process      sealing  the cryptography, and nothing else

What this package knows that no other does: that whoever holds the files, but neither the console's key nor a tracking
code, reads no word of any complaint; and that what is erased is gone from old copies of the files too.
"""
