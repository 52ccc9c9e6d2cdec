#!/usr/bin/env bash
# What a browser has to load before the first page works stays small. Counted is
# the JavaScript of web/dist as it is sent (brotli); see web/scripts/budget.ts.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

scripts/build-web.sh
cd web && npm run --silent budget
