# Every gate of the project has a name here; the work is done by scripts/.
# `make` alone lists the names.

.DEFAULT_GOAL := help
export CARGO_TARGET_DIR := $(CURDIR)/target

.PHONY: help run build test check fmt lint generate tools bench deny

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# exec: the product takes the place of make's shell, so that Ctrl-C and signals
# reach it and make waits until it has stopped its database.
run: ## Install what is missing, build, start the demo (ARGS="--listen ADDR --data-dir DIR")
	@scripts/install-tools.sh run
	@echo "Building. The first time takes some minutes, later ones seconds."
	@cargo build --release --locked --package socialai-hub
	@exec target/release/socialai demo $(ARGS)

build: ## Build target/release/socialai
	cargo build --release --locked --package socialai-hub

test: ## Run every check there is; ends with one summary line
	@scripts/test.sh

check: ## The quick half of `make test`: format, clippy, house rules, migrations, scripts
	@scripts/test.sh format clippy dependencies migrations house-rules scripts

fmt: ## Format all code
	cargo fmt --all

lint: ## clippy with warnings denied
	cargo clippy --workspace --all-targets --locked -- -D warnings

generate: ## Make openapi.json, the typed client and docs/reference again
	@scripts/generate.sh

tools: ## Install what the tests need
	@scripts/install-tools.sh test

bench: build ## Measure the API on this machine (ARGS="--json")
	target/release/socialai bench api $(ARGS)

deny: ## Licences, sources and banned crates (needs cargo-deny)
	cargo deny --all-features check bans licenses sources
