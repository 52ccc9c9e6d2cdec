#!/usr/bin/env bash
# Makes the pictures of README and docs again, by the browser test that walks
# through the demo. They are committed, so they stay small.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

LARGEST_KB=150

scripts/install-tools.sh test
scripts/build-web.sh
build_programs
make_scratch
(cd web && SOCIALAI_PICTURES="$SCRATCH" npm run --silent e2e -- pictures --project desktop --project phone)
for made in "$SCRATCH"/*.png; do
    size=$(($(wc -c <"$made") / 1000))
    [ "$size" -le "$LARGEST_KB" ] || die "$(basename "$made") has $size kB; at most $LARGEST_KB are kept in the repository."
done
mkdir -p docs/screenshots
rm -f docs/screenshots/*.png
cp "$SCRATCH"/*.png docs/screenshots/
say "$(find docs/screenshots -name '*.png' | wc -l | tr -d ' ') pictures are in docs/screenshots ($(du -sh docs/screenshots | cut -f1))."
