#!/usr/bin/env bash
# Builds the web app into web/dist, from where cargo takes it into the program.
# When nothing it is made of has changed since the last build it does nothing,
# so that cargo does nothing either.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

sources() {
    find web/src web/public web/scripts api-client/src -type f ! -name '*.test.ts' ! -name '*.test.tsx' -print0
    printf '%s\0' web/index.html web/vite.config.ts web/tsconfig.json web/package.json web/package-lock.json
}

stamp=web/dist/.built
now=$(sources | LC_ALL=C sort -z | xargs -0 cksum | cksum)
[ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || exit 0
say "Building the web app"
(cd web && npm run --silent build) >&2 || die "the web app could not be built; the message is above."
printf '%s' "$now" >"$stamp"
