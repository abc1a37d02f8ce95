# The two commands are `make demo` and `make test`; both install first, and installing is skipped when nothing changed.
# Needs Python 3.11 or newer, git and make. No npm, compiler or uv: everything else comes as wheels.

.PHONY: help install demo test test-postgresql browser check lock clean
.DEFAULT_GOAL := help

BIN := .venv/bin
# Compiled modules are kept: a test that starts commands would compile everything each time.
unexport PYTHONDONTWRITEBYTECODE
INSTALLED := .venv/installed static/vendor/package-lock.sha256 public_site/vendor/package-lock.sha256 \
             static/vendor/ground/made-by.sha256 public_site/vendor/ground/made-by.sha256
# Both constraints: pip up to 25.2 pins the build's own packages by the first, newer ones by the second.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
       $(BIN)/python -m pip
# feedgen is plain Python that is published without a wheel.
WHEELS := --only-binary :all: --no-binary feedgen
LOCK := $(BIN)/uv pip compile --quiet --universal --no-header --no-annotate

help:
	@echo "make demo     install, then make and serve the demo register"
	@echo "make test     install, then everything CI runs"
	@echo "make test-postgresql  the tests of pages once more, with every register on PostgreSQL"
	@echo "make install  only .venv with everything pinned, .venv/bin/public-site included"
	@echo "make check    only the linters, types and import contracts"
	@echo "make bench-intake  a list of 100,000 rows from file to register: time and memory; then bench-lodge"
	@echo "make bench-search  search by class of query at 100,000 and 1,000,000 enterprises, beside SQLite FTS5"
	@echo "make bench-export  time and memory of the open data of 1,000,000 enterprises, CSV beside DuckDB's COPY"
	@echo "make bench-copy    time and memory of copy-to, from SQLite to PostgreSQL, at 1,000,000 enterprises"
	@echo "make bench-map  viewports of the map by zoom at 350,000 and 1,000,000 enterprises, with and without filters"
	@echo "make bench-download  what the download of a list of 1,000,000 lines adds to the process"
	@echo "make bench-check   a list of 10,000 codes against 1,000,000 enterprises, with receipt and proofs"
	@echo "make bench-web     pages, lists, search, API, map and CSV beside nginx, Datasette and a plain FastAPI application"
	@echo "make bench-lodge  30 complaints a second for a minute: time to acknowledgement, and whether any is lost"
	@echo "make hostile-uploads  all hostile uploads through a complaint's form: each is a plain picture or a sentence"
	@echo "make kill-complaints  100 power cuts under 8 clients: every acknowledged complaint is there with its photos"
	@echo "make replicas  a PostgreSQL primary, a replica, two public processes and a writer; what dies, and how soon all is seen"
	@echo "make fuzz-notices  5,000 random accidents to the sample notices: no crash, no hang, no other grade in silence"
	@echo "make fuzz-api  5,000 random requests to the API: no 5xx, every answer as its OpenAPI document says"
	@echo "make edits    1,000 random edits of a register behind its back: each is found with a checkpoint kept outside"
	@echo "make drill    a backup made under publications is brought back elsewhere and compared; bad ones are refused"
	@echo "make profiles  every journey on one machine, in a province and in a country, as processes on this machine"
	@echo "make golden   the receipts of a new release, to verify for ever (once a release)"
	@echo "make screenshots  every page of the demo register as a picture in screenshots/, to be looked at"
	@echo "make messages  bring the English catalogue up to what the pages say; prints how many texts want a translation"
	@echo "make hunt     property tests with new random examples, ROUNDS=10 times over"
	@echo "make lock     pin newer versions: constraints.txt, requirements.lock, package-lock.json"
	@echo "make clean    remove what installing and testing made (never var/, the data)"

demo: install
	$(BIN)/public-site demo

test: check browser nginx
	$(BIN)/pytest -n auto --dist worksteal --durations 25

# Tests of pages, open data, receipts and replicas with every register on PostgreSQL; those of the register itself run on
# both databases always.
test-postgresql: install browser
	PUBLIC_SITE_TEST_WEB_ON=postgresql $(BIN)/pytest -n auto --dist worksteal tests/web tests/complaints \
	    $$(grep -rl 'databases.on_one' tests --include='test_*.py')

# The tests in a browser are never left out.
browser:
	@command -v chromium >/dev/null \
	    || { test "$$(id -u)" = 0 && apt-get -q update && apt-get -qy install --no-install-recommends chromium; } \
	    || { echo "The tests in a browser want Debian's chromium. Run: sudo apt-get install chromium" >&2; exit 1; }

# So are those in front of a real nginx.
.PHONY: nginx
nginx:
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx \
	    || { test "$$(id -u)" = 0 && apt-get -q update && apt-get -qy install --no-install-recommends nginx-light; } \
	    || { echo "The tests of deploy/ want Debian's nginx. Run: sudo apt-get install nginx-light" >&2; exit 1; }

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(INSTALLED)

$(INSTALLED) &: pyproject.toml constraints.txt package-lock.json hatch_build.py hatch_ground.py public_site/datum.py \
               | $(BIN)/python
	@echo "Installing what constraints.txt pins into .venv; the first time this takes a minute or two."
	@$(PIP) install --quiet $(WHEELS) --editable '.[test]'
	@touch $(INSTALLED)

# Debian splits ensurepip off into python3.x-venv.
$(BIN)/python:
	@python=$$(for name in python3 python3.13 python3.12 python3.11; do \
	    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done); \
	test -n "$$python" || { echo "Python 3.11 or newer is needed. Run: sudo apt-get install python3" >&2; exit 1; }; \
	package=$$($$python -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	$$python -c 'import ensurepip, venv' 2>/dev/null \
	    || { test "$$(id -u)" = 0 && apt-get -q update && apt-get -qy install $$package; } \
	    || { echo "This Python cannot make environments. Run: sudo apt-get install $$package" >&2; exit 1; }; \
	$$python -m venv .venv

lock: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) --upgrade --extra test --extra bench --group build -o constraints.txt pyproject.toml
	$(LOCK) --generate-hashes -c constraints.txt -o requirements.lock pyproject.toml
	npm install --package-lock-only --ignore-scripts

clean:
	rm -rf .venv static/vendor public_site/vendor tests/vendor dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# Property tests with new random examples, ROUNDS times over; what is found becomes an example of its own.
ROUNDS := 10
.PHONY: hunt
hunt: install
	@properties=$$(grep -rl '^from hypothesis' tests --include='test_*.py'); \
	for round in $$(seq $(ROUNDS)); do $(BIN)/pytest -q -n auto --hypothesis-profile=hunt $$properties || exit 1; done

# Bring the English catalogue up to what the pages say.
.PHONY: messages
messages: install
	$(BIN)/python -m tests.translations

# Every page at three widths, light and dark, in both languages; fewer with LOOK="--only home --widths 360".
.PHONY: screenshots
screenshots: install browser
	$(BIN)/python -m tests.screenshots screenshots $(LOOK)

# The journeys on all three profiles, and what stands in front; Meilisearch where PUBLIC_SITE_TEST_MEILI_URL names one.
.PHONY: profiles
profiles: install nginx
	$(BIN)/pytest -q -n 2 tests/test_profiles.py tests/test_nginx.py tests/test_compose.py

.PHONY: fuzz-notices
fuzz-notices: install
	$(BIN)/python -m tests.notices.mutations 5000

.PHONY: fuzz-api
fuzz-api: install
	$(BIN)/python -m tests.web.api.fuzzing 5000

# The drill of the operator's guide in small: back up under publications, bring back elsewhere, compare, refuse what is wrong.
.PHONY: drill
drill: install
	$(BIN)/pytest -q -n 2 tests/test_backups.py

.PHONY: kill-complaints
kill-complaints: install
	$(BIN)/python -m tests.complaints.kills 100

.PHONY: replicas
replicas: install
	$(BIN)/python -m tests.replicas

.PHONY: edits golden
edits: install
	EDITS=1000 $(BIN)/pytest -q -n 2 --timeout 3000 tests/test_verification.py -k random_edits

golden: install
	$(BIN)/python -m tests.golden

.PHONY: hostile-uploads
hostile-uploads: install
	PUBLIC_SITE_TEST_SWEEP=2 $(BIN)/pytest -q tests/complaints/test_hostile.py

# Figures: each target below measures a row of the README's table of figures.

.PHONY: bench-check bench-copy bench-intake bench-search bench-export bench-map bench-download bench-lodge
bench-copy: install
	$(BIN)/python -m benchmarks.copying

bench-export: install
	$(BIN)/python -m benchmarks.export

bench-map: install
	$(BIN)/python -m benchmarks.map --sizes 350000 1000000

bench-lodge: install
	$(BIN)/python -m benchmarks.lodge

bench-download: install
	$(BIN)/python -m benchmarks.list_download

# One size or a shorter run: make bench-web WEB="--sizes 10000 --seconds 0.5". The registers stay in var/bench-web.
.PHONY: bench-web
bench-web: install
	@$(PIP) install --quiet $(WHEELS) --editable '.[test,bench]'
	$(BIN)/python -m benchmarks.web $(WEB)

bench-intake: install
	$(BIN)/python -m benchmarks.intake
	$(BIN)/python -m benchmarks.lodge

bench-check: install
	$(BIN)/python -m benchmarks.check

# 3,500,000 enterprises: make bench-search SIZES=3500000
SIZES := 100000 1000000
bench-search: install
	$(BIN)/python -m benchmarks.search --sizes $(SIZES)
	$(BIN)/python -m benchmarks.search_pages
