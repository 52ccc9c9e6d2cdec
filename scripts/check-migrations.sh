#!/usr/bin/env bash
# Rules for migrations/{system,tenant}: forward only, named NNNN_what_it_does.sql
# with each number once, never edited after a release, and nothing in them that
# locks a busy table for long (squawk; its exceptions are in .squawk.toml).
#
# migrations/released/sha256 holds a line for each migration that was part of a
# release; scripts/seal-migrations.sh appends to it when a release is made.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

status=0
complain() {
    say "$*"
    status=1
}

for set in system tenant; do
    earlier=
    for file in migrations/"$set"/*; do
        name=$(basename "$file")
        if ! grep -qE '^[0-9]{4}_[a-z0-9_]+[.]sql$' <<<"$name"; then
            complain "$file: a migration is named like 0007_add_lead_stage.sql"
            continue
        fi
        [ "${name%%_*}" != "$earlier" ] || complain "$file: the number ${name%%_*} is taken twice"
        earlier=${name%%_*}
        # Every table says what it is for.
        while IFS= read -r table; do
            grep -qE "^comment on table $table is" "$file" || complain "$file: table $table has no comment"
        done < <(sed -nE 's/^create (unlogged )?table (if not exists )?([a-z_.]+).*/\3/p' "$file")
    done
done

if [ -f migrations/released/sha256 ]; then
    while read -r sum file; do
        if [ ! -f "$file" ]; then
            complain "$file was released and is gone; migrations only go forward"
        elif [ "$(sha256 "$file")" != "$sum" ]; then
            complain "$file was released and has changed; write a new migration instead"
        fi
    done <migrations/released/sha256
fi

"$PYTHON_TOOLS/squawk" migrations/system/*.sql migrations/tenant/*.sql >&2 || status=1

exit "$status"
