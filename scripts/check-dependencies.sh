#!/usr/bin/env bash
# Two rules about dependencies that must hold on every machine, so they do not
# wait for cargo-deny (`make deny` checks more):
#   1. No second crypto provider. With both ring and aws-lc-rs in the binary,
#      rustls cannot choose and panics at its first use.
#   2. Our crates import each other in one direction only.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

BANNED='ring openssl openssl-sys native-tls'

status=0
tree=$(cargo tree --workspace --locked --edges normal,build --target all --prefix none --format '{p}' | cut -d' ' -f1 | sort -u)
for crate in $BANNED; do
    if grep -qx "$crate" <<<"$tree"; then
        say "$crate is in the tree; it comes from:"
        cargo tree --workspace --locked --edges normal,build --target all --invert "$crate" >&2
        status=1
    fi
done

# $1 may import the crates that follow, and no other of ours.
may_import() {
    local crate=$1 imported
    shift
    for imported in $(cargo tree --locked --package "socialai-$crate" --edges normal --depth 1 --prefix none --format '{p}' |
        sed -n 's/^socialai-\([a-z]*\) .*/\1/p' | sort -u); do
        [ "$imported" = "$crate" ] && continue
        case " $* " in
            *" $imported "*) ;;
            *)
                say "crates/$crate imports crates/$imported; allowed are: ${*:-none}"
                status=1
                ;;
        esac
    done
}

may_import cluster
may_import connect
may_import queue
may_import domain queue
may_import jobs domain queue connect
may_import kafka domain queue
may_import web
may_import sim
may_import api domain connect queue web
may_import hub api cluster connect domain jobs queue sim kafka
may_import testkit cluster domain sim

exit "$status"
