#!/usr/bin/env bash
# Makes tools/python/requirements.txt (exact versions and hashes of all files,
# for every platform) from requirements.in. Run it after editing the latter.

# shellcheck source=scripts/prelude.sh
. "$(dirname "$0")/prelude.sh"

make_scratch
python3 -m venv "$SCRATCH/uv"
"$SCRATCH/uv/bin/pip" install --quiet --disable-pip-version-check uv
cd tools/python
"$SCRATCH/uv/bin/uv" pip compile requirements.in --output-file requirements.txt --quiet \
    --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links
