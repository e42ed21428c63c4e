#!/usr/bin/env bash
# Search over HTTP in a store of 1,010,000 resources, beside the same search at the record's door; the
# server's memory under that load; and what reads and searches take among 10,000 patients and among
# 1,000,000 (a Patient and one Observation each, because a full record each would not fit).
# Authorisation and audit are on; the client, wrk, shares the processors.
#   bench/search_bench.sh [BUILD]     SECONDS_EACH=6 MANY=1000000
# Rows of name, value, unit, goal. Figures are taken when the server has caught up with the load.
set -euo pipefail
build=${1:-build}
seconds=${SECONDS_EACH:-6} many=${MANY:-1000000}
here=$(cd "$(dirname "$0")" && pwd)
for need in wrk curl; do
    command -v "$need" >/dev/null || { echo "search_bench: $need is missing; see tools/packages.txt" >&2; exit 1; }
done
dir=$(mktemp -d)
server=
# shellcheck disable=SC2317
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
row() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}"; }
ticks() { awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$server/stat"; }

# What follows the record (monitor, partners) works through what was loaded first.
settle() {
    local before=-1000 now
    for _ in $(seq 240); do
        now=$(ticks)
        [ $((now - before)) -lt 10 ] && return
        before=$now
        sleep 0.5
    done
    echo "search_bench: the server does not come to rest; the figures below are too high" >&2
}

# serve FOLDER PATIENTS: a nurse looks, since the system's own looks are not audited.
serve() {
    export WEFT_TOKEN WEFT_PATIENTS=$2
    WEFT_TOKEN=$("$build/weft" token --data "$1" --role nurse --user bench.nurse)
    echo 'log_level = warn' >"$dir/conf"
    "$build/weft" serve --data "$1" --config "$dir/conf" --listen 127.0.0.1:0 2>"$dir/log" &
    server=$!
    url=
    for _ in $(seq 200); do
        url=$(sed -n 's/^weft serves \(http[^ ]*\).*/\1/p' "$dir/log")
        [ -n "$url" ] && break
        sleep 0.05
    done
    settle
}
stop() {
    kill "$server" && wait "$server" || true
    server=
    rm -rf "${1:?}"
}
# load ASK CLIENTS SECONDS
load() {
    WEFT_ASK=$1 wrk -t1 -c"$2" -d"$3s" --latency -s "$here/search.lua" "$url" >"$dir/wrk"
    grep -q '^bad 0$' "$dir/wrk" || { echo "search_bench: $1 failed" >&2; cat "$dir/wrk" >&2; exit 1; }
}
percentile() { sed -n "s/^ *$1% *//p" "$dir/wrk"; }
us() { awk '/us$/{printf "%.0f", $1} /[0-9]ms$/{printf "%.0f", $1 * 1000} /[0-9]s$/ && !/[um]s$/{printf "%.0f", $1 * 1e6}'; }

"$build/record_bench" 10000 "$dir/full" 2>/dev/null >"$dir/record"
cat "$dir/record"
limit=$(awk -F'\t' '/^record search/ && $3 == "/s" {print $2}' "$dir/record")
serve "$dir/full" 10000
load search 16 2
best=0
for _ in 1 2 3; do
    before=$(ticks)
    load search 16 "$seconds"
    used=$(($(ticks) - before))
    n=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$dir/wrk")
    rate=$(sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p' "$dir/wrk")
    if [ "$rate" -gt "$best" ]; then
        best=$rate p50=$(percentile 50) p99=$(percentile 99)
        cpu=$(awk -v t="$used" -v hz="$(getconf CLK_TCK)" -v n="$n" 'BEGIN{printf "%.0f", t / hz / n * 1e6}')
    fi
done
row "HTTP search: patient, code, date, of 1,010,000" "$best" /s ">= 8000; record's door, 2 threads: $limit"
row "HTTP search, 16 clients, p50" "$p50" "" "half of the searches"
row "HTTP search, 16 clients, p99" "$p99" "" "<= 5 ms"
row "HTTP search, server's processor" "$cpu" us "trail and fsync included"
row "HTTP search, memory at its most" "$(awk '/^VmHWM/{printf "%.0f", $2 / 1024}' "/proc/$server/status")" MB "<= 300"
# Ready: the same folder, from the start of the process to the first answer.
kill "$server" && wait "$server" || true
begin=$(date +%s%N)
"$build/weft" serve --data "$dir/full" --config "$dir/conf" --listen "${url#http://}" 2>"$dir/log" &
server=$!
until curl -fs -o /dev/null "$url/healthz"; do sleep 0.005; done
row "start to ready, 1,010,000 resources" "$((($(date +%s%N) - begin) / 1000000))" ms "<= 200"
stop "$dir/full"

# p50 by number of patients: four clients, so that nobody waits for a processor.
declare -A took
for patients in 10000 "$many"; do
    "$build/record_bench" "$patients" "$dir/few" 1 fill >/dev/null 2>&1
    serve "$dir/few" "$patients"
    load search 4 1
    for ask in read search; do
        load "$ask" 4 3
        took[$ask$patients]=$(percentile 50 | us)
    done
    stop "$dir/few"
done
note=
[ "$many" -ge 1000000 ] || note="; the goal's 1000000: MANY=1000000 $0"
for ask in read search; do
    row "HTTP $ask p50, $many patients" "${took[$ask$many]}" us \
        "<= 2 x ${took[${ask}10000]} among 10000$note"
done
