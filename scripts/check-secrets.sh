#!/usr/bin/env bash
# Searches everything that a test run printed, and every server log that it
# left, for the secrets that were used in it. The tests write each secret that
# they make or receive into the file named by SOCIALAI_TEST_SECRETS_FILE, one a
# line.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

secrets="$RUN_DIR/secrets.txt"
logs="$RUN_DIR/logs"
SHORTEST_SECRET=8

[ -s "$secrets" ] || die "no test wrote a secret into $secrets, so this check would prove nothing."
make_scratch
# Shorter strings stand in ordinary text by chance (TOTP codes, for example).
awk -v shortest="$SHORTEST_SECRET" 'length($0) >= shortest' "$secrets" | sort -u >"$SCRATCH/patterns"
[ -s "$SCRATCH/patterns" ] || die "no secret in $secrets is long enough to search for."

# The check itself must be able to find something.
head -n 1 "$SCRATCH/patterns" | sed 's/^/before /; s/$/ after/' >"$SCRATCH/sample.log"
grep -qFf "$SCRATCH/patterns" "$SCRATCH/sample.log" || die "the search does not find a planted secret."

# Only file and line are told: the report must not print the secret again.
if found=$(grep -rnFf "$SCRATCH/patterns" "$logs" | cut -d: -f1,2); then
    say "Secrets stand in these lines of logs:"
    printf '%s\n' "$found" | head -n 40 >&2
    exit 1
fi
say "$(wc -l <"$SCRATCH/patterns" | tr -d ' ') secrets of this run, none of them in $(find "$logs" -type f | wc -l | tr -d ' ') logs ($(du -sh "$logs" | cut -f1))."
