#!/usr/bin/env bash
# Installs what this machine lacks to run (`run`) or to test (`test`) the
# product, and says each thing that it does. When nothing is missing it takes a
# fraction of a second and does nothing: presence is asked of the file system,
# never of the package manager.
#
# Rust and Node are not installed here: people have their own way of doing it.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

OLDEST_POSTGRES=15
OLDEST_RUST=1.95
# Enough to run npm, which then installs Node 24 for the web app. Where there is no such package the machine's own Node
# has to be that new.
OLDEST_NODE=20
OLDEST_NODE_ELSEWHERE=22.22
OLDEST_PYTHON=3.11

# --- what is there -----------------------------------------------------------

# Succeeds when $1 is version $2 or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The same places in which the product itself looks for PostgreSQL.
has_postgres() {
    local folder version
    for folder in "$(dirname "$(command -v postgres || echo /none)")" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /usr/local/pgsql/bin /usr/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] || continue
        version=$("$folder/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        [ "$version" -ge "$OLDEST_POSTGRES" ] && return 0
    done
    return 1
}

# Prints the newest suitable Python, if there is one that can make environments.
find_python() {
    local program
    for program in python3 python3.14 python3.13 python3.12 python3.11; do
        have "$program" || continue
        at_least "$("$program" -c 'import platform; print(platform.python_version())')" "$OLDEST_PYTHON" || continue
        "$program" -c 'import ensurepip, venv' 2>/dev/null || continue
        echo "$program"
        return 0
    done
    return 1
}

# The same places in which the browser tests look.
has_browser() {
    [ -z "${SOCIALAI_CHROMIUM:-}" ] || return 0
    local program
    for program in /usr/bin/chromium-headless-shell /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome \
        /Applications/Chromium.app/Contents/MacOS/Chromium \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        [ ! -x "$program" ] || return 0
    done
    return 1
}

require_rust() {
    have cargo || die "Rust is missing. Install it from https://rustup.rs (no administrator needed), open a new shell and run this again."
    local version
    version=$(cargo --version | cut -d' ' -f2)
    at_least "$version" "$OLDEST_RUST" ||
        die "Rust $OLDEST_RUST or newer is needed, cargo says $version. Run \`rustup update stable\` and this again."
}

require_node() {
    local oldest=$OLDEST_NODE version
    [ "$(uname -sm)" = "Linux x86_64" ] || oldest=$OLDEST_NODE_ELSEWHERE
    { have node && have npm; } || die "Node is missing. Install version $oldest or newer from https://nodejs.org or with your package manager, and run this again."
    version=$(node --version | tr -d v)
    at_least "$version" "$oldest" ||
        die "Node $oldest or newer is needed, node says $version. Install a newer one from https://nodejs.org and run this again."
}

# --- packages of the system --------------------------------------------------

# One name per need; each package manager's name for it is looked up below.
missing_needs() {
    local purpose=$1
    # A build without a database of its own needs no server.
    if [ "$purpose" = test ] || [ -z "${DATABASE_URL:-}" ]; then
        has_postgres || echo postgres
    fi
    have cc || echo compiler
    have make || echo make
    have pkg-config || have pkgconf || echo pkg-config
    have curl || echo curl
    [ "$purpose" = test ] || return 0
    have redis-server || echo redis
    find_python >/dev/null || echo python
    has_browser || echo browser
}

package_name() {
    case "$1:$2" in
        apt:postgres) echo postgresql ;;
        apt:compiler) echo gcc libc6-dev ;;
        apt:redis) echo redis-server ;;
        apt:python) echo python3 python3-venv ;;
        # The same browser without a window to draw: the tests take two thirds of the time.
        apt:browser) if grep -qs '^ID=debian' /etc/os-release; then echo chromium-headless-shell; else echo chromium; fi ;;
        dnf:browser) echo chromium ;;
        dnf:postgres) echo postgresql-server postgresql-contrib ;;
        dnf:compiler) echo gcc ;;
        dnf:pkg-config) echo pkgconf-pkg-config ;;
        dnf:python) echo python3 ;;
        brew:postgres) echo postgresql@17 ;;
        brew:compiler) die "a C compiler is missing. Run \`xcode-select --install\` and this again." ;;
        brew:browser) die "the browser tests need Chrome or Chromium. Install one, or name it in SOCIALAI_CHROMIUM, and run this again." ;;
        *) echo "$2" ;;
    esac
}

# Runs a command as root: directly, or through sudo. Without a terminal sudo
# must not ask, or an unattended run would hang on an invisible question.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Debian makes and starts a PostgreSQL cluster and a Redis service when it
# installs the programs. The product and its tests start their own, on ports of
# their own, so the machine is left without either: the cluster is not made (a
# setting that is there for the time of this install only), the service is off.
install_with_apt() {
    local setting=/etc/postgresql-common/createcluster.d/socialai.conf status=0
    as_root mkdir -p "$(dirname "$setting")"
    echo 'create_main_cluster = false' | as_root tee "$setting" >/dev/null
    { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@"; } >&2 || status=$?
    as_root rm -f "$setting"
    as_root rmdir --ignore-fail-on-non-empty "$(dirname "$setting")"
    case " $* " in
        *" redis-server "*)
            [ ! -d /run/systemd/system ] || as_root systemctl disable --quiet --now redis-server >&2 || true
            ;;
    esac
    return "$status"
}

install_packages() {
    local manager=$1 needs=$2 need packages=""
    for need in $needs; do packages="$packages $(package_name "$manager" "$need")"; done
    packages=${packages# }
    if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ] && ! have sudo; then
        die "these packages are missing and only an administrator can install them: $packages. Ask for them and run this again."
    fi
    say "Installing with $manager: $packages"
    # shellcheck disable=SC2086 # a list of words
    case "$manager" in
        apt) install_with_apt $packages ;;
        dnf) as_root dnf install -y -q $packages >&2 ;;
        brew) brew install --quiet $packages >&2 ;;
    esac || die "$manager could not install: $packages. Its message is above."
}

package_manager() {
    if have apt-get; then
        echo apt
    elif have dnf; then
        echo dnf
    elif have brew; then
        echo brew
    else
        return 1
    fi
}

install_system_packages() {
    local purpose=$1 needs manager
    needs=$(missing_needs "$purpose" | tr '\n' ' ')
    [ -n "$needs" ] || return 0
    say "Missing on this machine: $needs"
    manager=$(package_manager) ||
        die "no apt-get, dnf or brew here. Install with your own package manager: $needs(PostgreSQL $OLDEST_POSTGRES or newer, Python $OLDEST_PYTHON or newer)."
    install_packages "$manager" "$needs"
    needs=$(missing_needs "$purpose" | tr '\n' ' ')
    [ -z "$needs" ] ||
        die "after the installation still missing or too old: $needs(PostgreSQL $OLDEST_POSTGRES, Python $OLDEST_PYTHON or newer are needed). A newer PostgreSQL for your system is at https://www.postgresql.org/download/; or set DATABASE_URL to a server that you have."
}

# --- tools of the tests, kept inside the checkout ----------------------------

# Succeeds when stamp $1 was written for the present content of file $2.
is_current() { [ -f "$1" ] && [ "$(cat "$1")" = "$(cksum <"$2")" ]; }
mark_current() { cksum <"$2" >"$1"; }

install_python_tools() {
    local pins=tools/python/requirements.txt stamp=.tools/python/installed
    is_current "$stamp" "$pins" && return 0
    say "Installing the Python tools of the tests into .tools/python"
    rm -rf .tools/python
    mkdir -p .tools
    "$(find_python)" -m venv .tools/python
    "$PYTHON_TOOLS/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$pins" >&2 ||
        die "the Python tools could not be installed; pip's message is above."
    mark_current "$stamp" "$pins"
}

install_npm_project() {
    local folder=$1 stamp="$1/node_modules/.installed"
    [ -f "$folder/package-lock.json" ] || return 0
    is_current "$stamp" "$folder/package-lock.json" && return 0
    say "Installing the packages of $folder"
    # No package of ours needs an install script, so none may run one. Not `npm ci`: it refuses a lock file that lacks the
    # binaries of other platforms, which a mirror need not have; versions and checksums come from the lock all the same.
    (cd "$folder" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
        die "the packages of $folder could not be installed; npm's message is above."
    mark_current "$stamp" "$folder/package-lock.json"
}

# A server of the tests: crate $1 in version $2, what people call it, and cargo's options. Its build takes minutes, once for
# each version; what is built is kept apart from our own target folder, which people empty. A debug build, because the
# other takes three times as long; C inside it is compiled well all the same, or SQLite makes the broker too slow to be
# tested with.
install_server() {
    local crate=$1 version=$2 name=$3 folder=.tools/$1
    shift 3
    [ -f "$folder/installed" ] && [ "$(cat "$folder/installed")" = "$version" ] && return 0
    say "Building the $name of the tests into $folder (several minutes, once)"
    mkdir -p "$folder"
    CFLAGS=-O2 CARGO_PROFILE_DEV_DEBUG=false CARGO_TARGET_DIR="$ROOT/$folder/build" nice cargo install "$crate" \
        --version "$version" --locked --debug --force --quiet --root "$folder" "$@" >&2 ||
        die "the $name could not be built; cargo's message is above."
    rm -rf "$folder/build"
    echo "$version" >"$folder/installed"
}

# -----------------------------------------------------------------------------

purpose=${1:-}
case "$purpose" in
    run | test) ;;
    *) die "say what for: install-tools.sh run | test" ;;
esac

require_rust
require_node
install_system_packages "$purpose"
install_npm_project web
install_npm_project widget
if [ "$purpose" = test ]; then
    install_python_tools
    install_npm_project tools/oidc-provider
    install_npm_project api-client
    install_server tansu 0.6.0 "Kafka broker" --no-default-features --features libsql,dynostore
    install_server s3s-fs 0.14.1 "S3 server" --features binary
fi
