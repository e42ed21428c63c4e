#!/usr/bin/env bash
# Needs node and the npm packages of tools/npm (npm ci --prefix tools/npm); skipped, saying so, without.
# Differences are those of docs/fhirpath.md; a new one fails, and so does one that has gone.
#   run.sh ANSWERS [--table]     --table prints the differences found instead of judging them
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=${WEFT_SOURCE:-$(cd "$here/../.." && pwd)}
PATH=$("$source/tools/setup" path)
if ! command -v node >/dev/null; then
    echo "SKIPPED: no node"
    exit 77
fi
if [ ! -f "$source/tools/npm/node_modules/fhirpath/package.json" ]; then
    echo "SKIPPED: no npm package fhirpath (npm ci --prefix tools/npm)"
    exit 77
fi
exec node "$here/compare.cjs" "$source" "${WEFT_SHARED:-$source/../shared}" "$@"
