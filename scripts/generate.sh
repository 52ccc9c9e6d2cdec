#!/usr/bin/env bash
# Makes everything that is generated from the code: openapi.json, the types of
# api-client and the pages of docs/reference. With a folder as argument the
# results go there instead of into the checkout (scripts/check-generated.sh
# compares them).

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

into=${1:-$ROOT}
openapi="$into/openapi.json"
types="$into/api-client/src/schema.gen.d.ts"
reference="$into/docs/reference"

scripts/install-tools.sh test
build_programs
mkdir -p "$(dirname "$types")" "$reference"
target/debug/socialai openapi >"$openapi.new"
mv "$openapi.new" "$openapi"
target/debug/socialai reference --to "$reference"
api-client/node_modules/.bin/openapi-typescript "$openapi" --output "$types" >/dev/null
say "Generated: openapi.json, api-client/src/schema.gen.d.ts, docs/reference/"
