#!/usr/bin/env bash
# Builds the web app into web/dist and the chat widget into widget/dist, from
# where cargo takes them into the program. What is made of files that have not
# changed since the last build is left alone, so that cargo does nothing either.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

sources() {
    case "$1" in
        web)
            find web/src web/public web/scripts api-client/src -type f ! -name '*.test.ts' ! -name '*.test.tsx' -print0
            printf '%s\0' web/index.html web/vite.config.ts web/tsconfig.json web/package.json web/package-lock.json
            ;;
        widget)
            find widget/src widget/scripts -type f ! -name '*.test.ts' -print0
            printf '%s\0' widget/tsconfig.json widget/package.json widget/package-lock.json
            ;;
    esac
}

build() {
    local folder=$1 name=$2 stamp="$1/dist/.built" now
    now=$(sources "$folder" | LC_ALL=C sort -z | xargs -0 cksum | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || return 0
    say "Building $name"
    (cd "$folder" && npm run --silent build) >&2 || die "$name could not be built; the message is above."
    printf '%s' "$now" >"$stamp"
}

build web "the web app"
build widget "the chat widget"
