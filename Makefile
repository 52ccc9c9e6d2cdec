# Every gate of the project has a name here; the work is done by scripts/.
# `make` alone lists the names.

.DEFAULT_GOAL := help
export CARGO_TARGET_DIR := $(CURDIR)/target

.PHONY: help run build web dev-web dev-widget test check fmt lint fuzz generate tools bench bench-web screenshots deny

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# exec: the product takes the place of make's shell, so that Ctrl-C and signals
# reach it and make waits until it has stopped its database.
run: ## Install what is missing, build, start the demo (ARGS="--listen ADDR --data-dir DIR")
	@scripts/install-tools.sh run
	@echo "Building. The first time takes some minutes, later ones seconds."
	@scripts/build-web.sh
	@cargo build --release --locked --package socialai-hub
	@exec target/release/socialai demo $(ARGS)

build: web ## Build target/release/socialai, with the web app inside
	cargo build --release --locked --package socialai-hub

web: ## Build the web app and the chat widget (web/dist, widget/dist), if anything of them changed
	@scripts/install-tools.sh run
	@scripts/build-web.sh

dev-web: ## The web app with hot reload on http://localhost:5173, beside a running `make run`
	@scripts/install-tools.sh run
	@cd web && exec npm run --silent dev

dev-widget: ## The chat widget on a company's page, http://localhost:5180, with a stand-in of the hub
	@scripts/install-tools.sh run
	@cd widget && exec npm run --silent dev

test: ## Run every check there is; ends with one summary line
	@scripts/test.sh

check: ## The quick half of `make test`: web app, widget, format, clippy, house rules, migrations, scripts
	@scripts/test.sh web widget format clippy dependencies migrations house-rules scripts

fmt: ## Format all code
	cargo fmt --all
	cd web && npm run --silent format
	cd widget && npm run --silent format

lint: ## clippy with warnings denied
	cargo clippy --workspace --all-targets --locked -- -D warnings

fuzz: ## Fuzz the parsers of webhook bodies (SECONDS=60 for each)
	@scripts/fuzz.sh $(SECONDS)

generate: ## Make openapi.json, the typed client and docs/reference again
	@scripts/generate.sh

tools: ## Install what the tests need
	@scripts/install-tools.sh test

bench: build ## Measure the API on this machine (ARGS="--json")
	target/release/socialai bench api $(ARGS)

bench-web: build ## Measure the web app in a slowed-down browser (ARGS="--json")
	@scripts/install-tools.sh test
	@cd web && npm run --silent bench -- $(ARGS)

screenshots: ## Make the pictures of README and docs again
	@scripts/screenshots.sh

deny: ## Licences, sources and banned crates (needs cargo-deny)
	cargo deny --all-features check bans licenses sources
