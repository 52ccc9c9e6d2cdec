#!/usr/bin/env bash
# Run when a release is made: from then on `make test` refuses any change to the
# migrations that are there now.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

list=migrations/released/sha256
touch "$list"
for file in migrations/system/*.sql migrations/tenant/*.sql; do
    grep -q " $file\$" "$list" && continue
    printf '%s %s\n' "$(sha256 "$file")" "$file" >>"$list"
    say "sealed $file"
done
