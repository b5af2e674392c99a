# Everything that a user or a developer types. Each target does all the set-up it needs.

.PHONY: run check test soak bench bench-ingest bench-gateway bench-function bench-start bench-insights bench-query bench-store bench-console clean-cache

run: ## build, start everything, deploy the examples, show a trace
	@scripts/need python
	@scripts/run

check: ## format, licences, lint, unit tests, without SQL; the console's, too
	@scripts/need cc python node
	@python3 scripts/test --plain format licences console-lint lint unit

test: ## everything, SQL and real clients included
	@scripts/need cc python node chromium
	@python3 scripts/test

soak: ## kills, seeds, fuzzing and load for hours (SOAK_MINUTES=60); never in CI
	@scripts/need cc python
	@python3 scripts/test --soak

bench: ## measure what SPECIFICATION.md promises, and rewrite its table; never in CI
	@scripts/need cc python wrk
	@"$$(scripts/venv tests/requirements.txt)/bin/python" scripts/bench
	@$(MAKE) --no-print-directory bench-insights

bench-ingest bench-gateway bench-function bench-start: ## one part of bench; changes no file
	@scripts/need cc python wrk
	@"$$(scripts/venv tests/requirements.txt)/bin/python" scripts/bench $(@:bench-%=%)

bench-insights: ## how well insights find synthetic incidents, and rewrite that table of SPECIFICATION.md
	@scripts/need cc
	@cargo run --release --quiet -p fluoro-query --features testing --example insights -- --rewrite SPECIFICATION.md

bench-query: ## measure how fast questions are answered over a million spans, a part of bench; never in CI
	@scripts/need cc python
	@"$$(scripts/venv tests/requirements.txt)/bin/python" scripts/bench query

bench-store: ## measure the store at 1, 3 and 10 million spans, and rewrite that table of SPECIFICATION.md; half an hour, never in CI
	@scripts/need cc python
	@scripts/bench-store

bench-console: ## measure how fast the console is in Chromium, and rewrite that table of SPECIFICATION.md; never in CI
	@scripts/need cc python node chromium
	@scripts/bench-console

clean-cache: ## remove what the targets above have installed for themselves
	rm -rf .cache
