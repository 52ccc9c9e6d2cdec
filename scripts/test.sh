#!/usr/bin/env bash
# Every check of the project, one after the other, each with its time; the last
# line says how many passed and how many failed. A failing step does not stop
# the ones behind it: one run tells everything that is wrong.
#
#   scripts/test.sh              all steps
#   scripts/test.sh clippy rust  only these
#
# Counted are the single tests of the steps that report them (Rust, client, web,
# widget, browser) and every other step as one.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

# The web app and the chat widget come first: the program that all later steps build has them inside.
STEPS='web widget format clippy dependencies migrations house-rules scripts rust generated client browser attack secrets'

npm_checks() {
    local folder=$1 failed=0 check
    for check in types lint 'format -- --check' test build budget; do
        if [ "$check" = build ]; then
            scripts/build-web.sh
        else
            # shellcheck disable=SC2086 # a command with its options
            (cd "$folder" && NO_COLOR=1 npm run --silent $check)
        fi && echo "check passed: ${check%% *}" && continue
        echo "check failed: ${check%% *}"
        failed=1
    done
    return "$failed"
}
web() { npm_checks web; }
widget() { npm_checks widget; }
format() { cargo fmt --all --check -- --color never; }
clippy() { cargo clippy --workspace --all-targets --locked --quiet -- -D warnings; }
dependencies() { scripts/check-dependencies.sh; }
migrations() { scripts/check-migrations.sh; }
house-rules() { scripts/check-house-rules.sh; }
scripts() { "$PYTHON_TOOLS/shellcheck" --external-sources scripts/*.sh .ci/run; }
# --show-output: what a passing test printed belongs to what the secrets step searches.
rust() { cargo test --workspace --locked --no-fail-fast -- --show-output; }
generated() { scripts/check-generated.sh; }
client() { (cd api-client && npm test --silent); }
browser() {
    local failed=0
    scripts/build-web.sh
    (cd widget && NO_COLOR=1 npm run --silent e2e) || failed=1
    build_programs
    (cd web && NO_COLOR=1 SOCIALAI_E2E_LOGS="$RUN_DIR/logs" npm run --silent e2e) || failed=1
    return "$failed"
}
attack() { scripts/attack-api.sh; }
secrets() { scripts/check-secrets.sh; }

title() {
    case "$1" in
        web) echo "web app" ;;
        widget) echo "chat widget" ;;
        format) echo "code is formatted" ;;
        clippy) echo "clippy finds nothing" ;;
        dependencies) echo "dependencies are allowed" ;;
        migrations) echo "migrations are forward only" ;;
        house-rules) echo "house rules" ;;
        scripts) echo "shellcheck finds nothing" ;;
        rust) echo "Rust tests" ;;
        generated) echo "generated files are up to date" ;;
        client) echo "typed client" ;;
        browser) echo "browser tests" ;;
        attack) echo "API under generated requests" ;;
        secrets) echo "no secret in any log" ;;
        *) return 1 ;;
    esac
}

# Prints "passed failed" for a step from its log and its exit status.
count() {
    local step=$1 status=$2 log=$3 ok=0 bad=0
    case "$step" in
        rust)
            ok=$(sed -nE 's/^test result: .* ([0-9]+) passed; .*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
            bad=$(sed -nE 's/^test result: .* ([0-9]+) failed; .*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
            ;;
        client)
            ok=$(awk '/^# pass [0-9]+/ { n += $3 } END { print n + 0 }' "$log")
            bad=$(awk '/^# fail [0-9]+/ { n += $3 } END { print n + 0 }' "$log")
            ;;
        web | widget)
            # Its unit tests one by one, and each other check.
            ok=$(awk '/^check passed:/ && !/: test$/ { n++ } / Tests .* passed/ { for (i = 2; i <= NF; i++) if ($i ~ /^passed/) n += $(i - 1) } END { print n + 0 }' "$log")
            bad=$(awk '/^check failed:/ && !/: test$/ { n++ } / Tests .* failed/ { for (i = 2; i <= NF; i++) if ($i ~ /^failed/) n += $(i - 1) } END { print n + 0 }' "$log")
            ;;
        browser)
            ok=$(awk '$2 == "passed" { n += $1 } END { print n + 0 }' "$log")
            bad=$(awk '$2 == "failed" || $2 == "interrupted" || ($2 == "did" && $3 == "not") { n += $1 } END { print n + 0 }' "$log")
            ;;
        *) [ "$status" -ne 0 ] || ok=1 ;;
    esac
    # A step that failed before it could count anything is one failure.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    echo "$ok $bad"
}

# The part of a failed step's log that says what went wrong, without the output of
# the thousand tests that passed.
what_went_wrong() {
    local step=$1 log=$2
    case "$step" in
        rust)
            grep -E '^(error|warning: unused)' -A 12 "$log" | head -n 60 || true
            # Of each test program: what the failing tests printed, then their names.
            awk '/^failures:$/ { on = 1 } on && !/^$/ { print } /^test result: / { on = 0 }' "$log" | cut -c 1-600 | tail -n 300
            grep -E '^test .*(FAILED|has been running)|process didn.t exit successfully|^error: ' "$log" | tail -n 60 || true
            ;;
        browser) grep -vE '^ *✓|NO_COLOR|trace-warnings|^ *(attachment #|─)|^$' "$log" | cut -c 1-600 | head -n 100 ;;
        *) cut -c 1-600 "$log" | tail -n 200 ;;
    esac
}

steps=${*:-$STEPS}
for step in $steps; do
    title "$step" >/dev/null || die "there is no step called $step; the steps are: $STEPS"
done

case " $steps " in *" rust "*) export SOCIALAI_TESTS_ARE_BUILT=1 ;; esac
rm -rf "$RUN_DIR"
mkdir -p "$RUN_DIR/logs"
export SOCIALAI_TEST_SECRETS_FILE="$RUN_DIR/secrets.txt"
(umask 077 && : >"$SOCIALAI_TEST_SECRETS_FILE")

scripts/install-tools.sh test

passed=0 failed=0 table="" trouble=""
for step in $steps; do
    printf '\n== %s\n' "$(title "$step")"
    log="$RUN_DIR/logs/$step.log" began=$(date +%s) status=0
    # Somebody who looks on sees it run; a build server's log holds what matters.
    if [ -t 1 ]; then
        "$step" </dev/null 2>&1 | tee "$log" || status=$?
    else
        "$step" </dev/null >"$log" 2>&1 || status=$?
        [ "$status" -eq 0 ] || trouble+=$(printf '== %s' "$(title "$step")" && echo && what_went_wrong "$step" "$log")$'\n\n'
    fi
    read -r ok bad <<<"$(count "$step" "$status" "$log")"
    passed=$((passed + ok)) failed=$((failed + bad))
    verdict=ok
    [ "$status" -eq 0 ] || verdict=FAILED
    echo "$verdict after $(($(date +%s) - began)) s: $ok passed, $bad failed"
    table+=$(printf '%-32s %5d s  %5d passed  %-6s' "$(title "$step")" "$(($(date +%s) - began))" "$ok" "$verdict")$'\n'
done

printf '\n%s%s\n%d passed, %d failed\n' "$trouble" "$table" "$passed" "$failed"
[ "$failed" -eq 0 ]
