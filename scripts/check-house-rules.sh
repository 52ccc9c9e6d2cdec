#!/usr/bin/env bash
# Rules that no compiler knows, checked on the tracked files. Each rule prints
# the lines that break it.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

LONG_FILE=400

status=0
# forbid SENTENCE PATTERN PATHSPEC…: no line may match, unless it also matches $unless.
forbid() {
    local sentence=$1 pattern=$2 found
    shift 2
    found=$(git grep --untracked -nIE -e "$pattern" --and --not -e "${unless:-^$}" -- "$@" || true)
    [ -n "$found" ] || return 0
    say "$sentence:"
    printf '%s\n' "$found" | cut -c1-200 | sed 's/^/  /' >&2
    status=1
}

forbid "A package registry is named (mirrors must work; write no host)" \
    '(registry|www|docs)[.]npmjs[.](org|com)|registry[.]yarnpkg|(index|static)[.]crates[.]io|pypi[.]org|pythonhosted[.]org|proxy[.]golang[.]org' \
    . ':!Cargo.lock'
# The home folder of root is the same on every machine; only hidden folders in it give one away.
home=$HOME/$([ "$HOME" != ~root ] || echo '[.]')
forbid "A path of somebody's machine" "$ROOT/|$home|/(work|Users|home/[a-z]+)/[a-z]" . ':!Cargo.lock' ':!*package-lock.json'
# A test that is the program of another test's second process cannot run on its own; it says so in these words.
unless='"runs only as the other process of another test"' \
    forbid "A test is skipped" '#\[ignore|\b(it|test|describe)\.(skip|only|fixme|todo)\b' '*.rs' '*.ts' '*.tsx' '*.mjs'
forbid "A browser test sleeps (an expectation waits by itself; time passes with page.clock)" 'waitForTimeout' 'web/*.ts' 'widget/*.ts'
forbid "A page could run what a name says" 'dangerouslySetInnerHTML|\.innerHTML\s*=|\beval\(|new Function\(' 'web/src/*.ts' 'web/src/*.tsx' 'widget/src/*.ts'
forbid "Unfinished code" '\b(todo|unimplemented|dbg)!\(' '*.rs'
forbid "A lint is silenced without saying why (use #[expect(…, reason = \"…\")])" '^\s*#\[allow\(' 'crates/*/src/*.rs'
forbid "A check of the type system is silenced" '@ts-(ignore|nocheck)|eslint-disable|oxlint-disable|: any\b' '*.ts' '*.tsx' ':!*.gen.d.ts'
forbid "A merge conflict was committed" '^(<<<<<<<|>>>>>>>) ' .

# A module header tells the story: every source file starts with one.
while IFS= read -r file; do
    head -n 12 "$file" | grep -q '^//!' && continue
    say "No module header (//!): $file"
    status=1
done < <(git ls-files --cached --others --exclude-standard 'crates/*/src/*.rs')

# Long files are reported, not refused: the author decides whether it is one subject.
git ls-files --cached --others --exclude-standard '*.rs' '*.ts' '*.tsx' '*.mjs' '*.sh' '*.sql' ':!*.gen.d.ts' ':!migrations/released' |
    while IFS= read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le "$LONG_FILE" ] || say "note: $file has $lines lines; does it still have one subject?"
    done

exit "$status"
