"""Mingji 明绩, the public register of performance grades: the floor plan.

A published notice goes in at `notices`, becomes entries of an append-only register, and every public page is a function
of the latest entry number N and the URL. Imports go downward only; `pyproject.toml` holds the contracts and
`lint-imports` checks them.

    __main__, commands        what a person types: public-site …
    amendment_commands        what a person types to amend what is published
    backup_commands           … to back up the whole installation and bring it back
    check_commands            what a bank types: check a list, verify a receipt
    complaint_commands        … to hold the key ceremony, name the bodies, do what is due of complaints
    demo_commands             … to make a register to look at, and serve it
    reporting  people         what take-in tells of a file and its draft · who signs in, arranged at the machine
    clerk                     what every command begins with
    serving                   the processes: web workers, the keeper of the search index, the reader of uploads
    web/                      HTTP and Jinja, and nobody else's: one module per first word of the URL
    backups                   what a backup holds, and how it comes back
    demo/      verification   the demo register's notices · checking everything against everything else
    register_copies           the register's database as streams, at one moment, and back
    tables                    every table, for the migrations
    condition                 what each projection has reached, what waits and since when
    documents  intake         the register as a search index takes it in · an uploaded file becomes a draft
    exports                   when the open data are written anew, by a process of their own
    listings   years          the register's things one list at a time, for whoever reads everything · decisions by year
    news                      what is new, newest first, as feeds tell it
    reviews                   what the second person is shown, and that they approve exactly that
    publishing                the one way in: draft, second person, register, projections
    records                   what pages read of an enterprise
    differences               what approving a draft would change
    amendments histories      corrections, merges, splits as entries · what happened, entry by entry, as pages tell it
    composing  handovers      what a draft's rows say, as entries · a draft's way from desk to desk
    drafts     search/        rows matched and waiting for approval · finding ids, one file per engine
    sealed_files              files of any size that only the holder of a private key reads
    uploads    error_reports  files on their way to a draft · what the public says is wrong with the data
    complaints/               sealed, routed, answered against a clock; in databases of their own
    feeds      followed       Atom, RSS, JSON Feed as bytes · lists of one's own, under addresses nobody can guess
    matching   supervisors    whom the rows of a draft mean · who signs in to the console, and how
    kept_checks certificates  a visitor's check on its way, for an hour · one enterprise on one signed sheet
    watching   replica        what changed for a list · a copy of another site's register, from its log
    receipts   answer_tables  a grade check as a signed proof · the same as a table beside the caller's columns
    evidence                  grade checks: what is said of each row of a caller's list
    outside                   a log looked at by somebody who kept a checkpoint: forks, cuts, changes
    testimony plain_accounts  what is told of an enterprise that was found, and the entries it rests on · the same of one
                              that nothing amended, in one pass
    receipt_verifier          how a receipt is checked, alone: one file that needs nothing of ours
    questions                 what a caller's list asks
    signing    tiles          the keys of receipts · the log as files for watchers
    mail                      how a letter leaves the house
    standings  log            the grade each unit holds, now and as of a day · the signed log
    folding    retelling      entries → standings, the pure rule · the same told a second time, for doubt
    mending                   what amendments leave of the entries: what counts, what it says, whose it is
    audit      throttling     who did or read what · token buckets that remember nobody
    newest                    the latest entry, known without asking for every answer
    trails                    what belongs together among the entries: families, and their entries in order
    register                  the append-only table of entries
    notices/   enterprises    reading real files in a sandbox · identity: names, credit codes, matching
    tree                      RFC 6962 hashes, proofs, signed checkpoints
    database   grades  places how the database is opened · labels, scales, schemes · division codes and aliases
    shelf                     what belongs to one visitor for an hour, sealed
    working_days              which days are worked in China
    open_data                 the open-data folder as its writer and its pages agree on it
    spreadsheets              tables in which text stays text
    sockets                   where a server listens, also on what was handed over to it
    logs       measures       how the program says what it did · what a process counts of its own answers
    settings   shipped        what an operator may set · where the files beside the code are
    persons    garbage        how a person's name is written · what the collector of cycles is spared
    faults     lasting        what can go wrong, in four words · what outlives a power cut
    workings                  what is worked out of the program's own files, kept beside its compiled modules

Finding rule: the first word of a URL = the module in `web/` = the folder in `templates/` = the test file.
"""

__version__ = "0.1.0"
