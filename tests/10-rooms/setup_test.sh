#!/usr/bin/env bash
# tools/setup: refuses what it does not know, is quick when nothing is missing, says what to do when it has no
# rights, and every package of tools/packages.txt is one Debian has.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "FAILED: $*"; exit 1; }

if tools/setup nonsense 2>/dev/null; then fail "an unknown class was accepted"; fi

while IFS=$'\t' read -r name class why; do
    case $name in '#'* | '') continue ;; esac
    [[ $class =~ ^(run|test|bench)$ ]] || fail "$name: class $class"
    [ -n "$why" ] || fail "$name: no reason"
done <tools/packages.txt
[ -z "$(grep -v '^#' tools/packages.txt | cut -f1 | sort | uniq -d)" ] || fail "a package stands twice"

# In a copy that asks for a package nobody has, as a user without rights: a clear refusal, nothing done.
setpriv=$(command -v setpriv || true)
if [ "$(id -u)" = 0 ] && [ -n "$setpriv" ]; then
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    mkdir "$copy/tools"
    cp tools/setup "$copy/tools/"
    printf 'weft-no-such-package\trun\ttest\n' >"$copy/tools/packages.txt"
    mkdir "$copy/bin"
    for program in bash id dirname dpkg-query sed grep uname node npm apt-get; do
        ln -s "$(command -v $program)" "$copy/bin/$program" 2>/dev/null || true
    done
    chmod -R a+rX "$copy"
    if said=$(PATH=$copy/bin "$setpriv" --reuid=65534 --regid=65534 --clear-groups "$copy/tools/setup" run 2>&1 </dev/null); then
        fail "it claims to have installed a package that does not exist"
    fi
    [[ $said == *"weft-no-such-package"*"Neither root nor sudo"* ]] || fail "not clear: $said"
fi
echo "setup behaves"
