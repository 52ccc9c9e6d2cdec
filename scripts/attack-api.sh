#!/usr/bin/env bash
# Attacks the API with generated requests (schemathesis): valid ones must be
# answered as openapi.json says, invalid ones must be refused, and nothing may
# end in a server error. It runs against a real `socialai demo` with a database
# of its own, thrown away afterwards. What is checked and what is excepted
# stands in tools/schemathesis/schemathesis.toml.
#
# Two passes: what only a person may do (/me) with the access token of a person
# who logged in, then everything as a program with an API key.
#
#   scripts/attack-api.sh [SECONDS]   time budget of both together (default 150)

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

BUDGET_SECONDS=${1:-150}
READY_SECONDS=90
STOP_SECONDS=30

program="$CARGO_TARGET_DIR/debug/socialai"
mkdir -p "$RUN_DIR/logs"
server_log="$RUN_DIR/logs/attack-server.log"
make_scratch
server=

# Stops the demo and tells how it ended: 0 means that it shut down in order.
stop_server() {
    local pid=$server waited=0
    server=
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        if [ "$waited" -ge $((STOP_SECONDS * 10)) ]; then
            kill -KILL "$pid"
            say "the demo did not stop within $STOP_SECONDS s"
            return 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
    wait "$pid"
}
trap '[ -z "$server" ] || stop_server || true; rm -rf "$SCRATCH"' EXIT

free_port() {
    "$PYTHON_TOOLS/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

note_secret() { [ -z "${SOCIALAI_TEST_SECRETS_FILE:-}" ] || printf '%s\n' "$1" >>"$SOCIALAI_TEST_SECRETS_FILE"; }

wait_until_ready() {
    local url=$1 waited=0
    until curl --silent --fail --max-time 5 --output /dev/null "$url/ready"; do
        kill -0 "$server" 2>/dev/null || break
        [ "$waited" -lt "$READY_SECONDS" ] || break
        sleep 1
        waited=$((waited + 1))
    done
    curl --silent --fail --max-time 5 --output /dev/null "$url/ready" && return 0
    say "the demo did not become ready; the end of its log:"
    tail -n 30 "$server_log" >&2
    exit 1
}

build_programs
url="http://127.0.0.1:$(free_port)"
export SOCIALAI_DEMO_PASSWORD
SOCIALAI_DEMO_PASSWORD="attack-$("$PYTHON_TOOLS/python" -c 'import secrets; print(secrets.token_urlsafe(16))')"
note_secret "$SOCIALAI_DEMO_PASSWORD"

# Thousands of requests from one address are the point here, not an abuse.
SOCIALAI_RATE_LIMIT_FACTOR=10000 "$program" demo --listen "${url#http://}" --data-dir "$SCRATCH/data" \
    </dev/null >"$server_log" 2>&1 &
server=$!
wait_until_ready "$url"

# Prints one field of the JSON document on stdin.
field() { "$PYTHON_TOOLS/python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# attack TOKEN SECONDS OPTION…
attack() {
    local token=$1 seconds=$2
    shift 2
    note_secret "$token"
    (cd "$SCRATCH" && TOKEN="$token" "$PYTHON_TOOLS/schemathesis" \
        --config-file "$ROOT/tools/schemathesis/schemathesis.toml" \
        run "$url/api/v1/openapi.json" --max-time "$seconds" "$@") || status=1
}

status=0
# The person first: the program may change roles, policy and people. No stateful
# phase here: it would find the person's own session and end it.
person=$(curl --silent --fail --max-time 30 --header 'Content-Type: application/json' \
    --data "{\"email\":\"agent@acme.test\",\"password\":\"$SOCIALAI_DEMO_PASSWORD\"}" "$url/api/v1/auth/login" | field access_token)
attack "$person" $((BUDGET_SECONDS / 3)) --include-path-regex '^/me' --phases examples,coverage,fuzzing
key=$("$program" api-key create --data-dir "$SCRATCH/data" --tenant acme --name attack --scope '*' --json | field key)
attack "$key" $((BUDGET_SECONDS * 2 / 3))

curl --silent --fail --max-time 5 --output /dev/null "$url/ready" || {
    say "the server is no longer ready after the attack"
    status=1
}
stop_server || {
    say "the server did not end in order"
    status=1
}
# A panic is caught and answered with 500; it is a fault all the same.
if grep -n 'panicked at' "$server_log" >&2; then status=1; fi
exit "$status"
