# shellcheck shell=bash
# What every script of this folder needs; sourced, never run. It makes a script
# stop at its first failing command and start from the root of the repository.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"

# The product's own programs are always found under target/, also for people
# who share one target folder between projects.
export CARGO_TARGET_DIR="$ROOT/target"
export PYTHON_TOOLS="$ROOT/.tools/python/bin"
# Where a test run keeps its logs and the list of secrets that must not be in them.
export RUN_DIR="$ROOT/target/test-run"

say() { printf '%s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# macOS has no sha256sum, small Linux systems have no shasum.
sha256() {
    if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# A temporary folder that goes away with the script. Its name is put into
# $SCRATCH (not printed: a subshell's trap would remove it at once).
make_scratch() {
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/socialai.XXXXXX")
    trap 'rm -rf "$SCRATCH"' EXIT
}

# Builds the product's programs for a test. Where all tests were built before, these are named too: what they need of the
# libraries is part of what they are compiled with, and without them everything would be compiled once more.
build_programs() {
    cargo build --quiet --locked --workspace --bins ${SOCIALAI_TESTS_ARE_BUILT:+--tests}
}
