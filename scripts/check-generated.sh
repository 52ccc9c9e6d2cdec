#!/usr/bin/env bash
# Fails when a generated file of the checkout is not what the code generates.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

make_scratch
scripts/generate.sh "$SCRATCH"
status=0
for made in openapi.json api-client/src/schema.gen.d.ts docs/reference; do
    diff --recursive --unified "$made" "$SCRATCH/$made" | head -n 40 || status=1
done
[ "$status" -eq 0 ] || die "generated files differ from the code. Run \`make generate\` and commit the result."
