#!/usr/bin/env bash
# Rules that no compiler knows, checked on the tracked files. Each rule prints
# the lines that break it.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

LONG_FILE=400

status=0
# forbid SENTENCE PATTERN PATHSPEC…: no tracked line may match.
forbid() {
    local sentence=$1 pattern=$2 found
    shift 2
    found=$(git grep --untracked -nIE -e "$pattern" -- "$@" || true)
    [ -n "$found" ] || return 0
    say "$sentence:"
    printf '%s\n' "$found" | cut -c1-200 | sed 's/^/  /' >&2
    status=1
}

forbid "A package registry is named (mirrors must work; write no host)" \
    '(registry|www|docs)[.]npmjs[.](org|com)|registry[.]yarnpkg|(index|static)[.]crates[.]io|pypi[.]org|pythonhosted[.]org|proxy[.]golang[.]org' \
    . ':!Cargo.lock'
forbid "A path of somebody's machine" \
    "$(printf '%s/|%s/' "$ROOT" "$HOME" | sed 's/[.]/[.]/g')|/(work|Users|home/[a-z]+)/[a-z]" \
    . ':!Cargo.lock' ':!*package-lock.json'
forbid "A test is skipped" '#\[ignore|\b(it|test|describe)\.(skip|only)\(' '*.rs' '*.ts' '*.tsx' '*.mjs'
forbid "Unfinished code" '\b(todo|unimplemented|dbg)!\(' '*.rs'
forbid "A lint is silenced without saying why (use #[expect(…, reason = \"…\")])" '^\s*#\[allow\(' 'crates/*/src/*.rs'
forbid "A check of the type system is silenced" '@ts-(ignore|nocheck)|eslint-disable|oxlint-disable|: any\b' '*.ts' '*.tsx' ':!*.gen.d.ts'
forbid "A log or message prints to stdout outside the command line" '\bprintln!\(' 'crates/*/src/*.rs' ':!crates/hub/src'
forbid "A merge conflict was committed" '^(<<<<<<<|>>>>>>>) ' .

# A module header tells the story: every source file starts with one.
while IFS= read -r file; do
    head -n 12 "$file" | grep -q '^//!' && continue
    say "No module header (//!): $file"
    status=1
done < <(git ls-files --cached --others --exclude-standard 'crates/*/src/*.rs')

# Long files are reported, not refused: the author decides whether it is one subject.
git ls-files --cached --others --exclude-standard '*.rs' '*.ts' '*.tsx' '*.mjs' '*.sh' '*.sql' ':!*.gen.d.ts' |
    while IFS= read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le "$LONG_FILE" ] || say "note: $file has $lines lines; does it still have one subject?"
    done

exit "$status"
