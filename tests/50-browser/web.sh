#!/usr/bin/env bash
# Lint, types, unit tests, build and byte budgets of the web apps. 77 = skipped.
set -u
web=$(cd "$(dirname "$0")/../../web" && pwd)
[ -d "$web/node_modules" ] || { echo "SKIPPED: web/node_modules is missing (npm ci in web/)"; exit 77; }
cd "$web" && exec npm test
