#!/usr/bin/env bash
# Runs the browser walks: WEFT names the binary, further words go to Playwright. 77 = skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
web=$here/../../web
skip() {
    echo "SKIPPED: $1"
    exit 77
}
command -v chromium >/dev/null || skip "chromium is not installed (apt-get install chromium)"
command -v node >/dev/null || skip "node is not installed"
[ -d "$web/node_modules/@playwright/test" ] || skip "web/node_modules is missing (npm ci in web/)"
[ -x "${WEFT:-}" ] || skip "WEFT does not name the binary"
[ -f "$web/dist/console/index.html" ] || (cd "$web" && npm run build) || exit 1
export NODE_PATH=$web/node_modules
exec node "$web/node_modules/@playwright/test/cli.js" test -c "$here/playwright.config.ts" "$@"
