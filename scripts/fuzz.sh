#!/usr/bin/env bash
# Fuzzes the parsers of webhook bodies with libFuzzer, each for some seconds;
# fails at the first body that breaks one, and keeps it. What was found on the
# way stays in target/fuzz-corpus, so that a later run goes on from there.
#
#   scripts/fuzz.sh [SECONDS] [TARGET…]   by default 60 seconds for each

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

seconds=${1:-60}
[ $# -eq 0 ] || shift
targets=${*:-facebook instagram x linkedin}

# Counters at each edge and at each comparison: a compiler of any channel has them, without a sanitizer, which safe Rust
# needs less than speed.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
export CARGO_TARGET_DIR="$ROOT/target/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
# Named, so that build scripts are compiled as always.
cargo build --quiet --release --locked --target "$host" --manifest-path fuzz/Cargo.toml --bins

for target in $targets; do
    found="$ROOT/target/fuzz-corpus/$target"
    mkdir -p "$found"
    log="$found.log"
    "$CARGO_TARGET_DIR/$host/release/$target" "$found" "fuzz/seeds/$target" -max_total_time="$seconds" -max_len=8192 \
        -timeout=5 -artifact_prefix="$ROOT/target/fuzz-corpus/$target-broken-" >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        die "a body broke the parser of $target; it is kept in target/fuzz-corpus/."
    }
    say "$target: $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log") bodies, nothing broke"
done
