#!/usr/bin/env bash
# Reads and a create/read/update/delete mix over HTTP, each beside its limit measured in the same run:
# nginx serving the very bytes of the read from a file. Authorisation and audit are on.
#   bench/http_bench.sh [WEFT]     SECONDS_EACH=4 ROUNDS=3
# Rows of name, value, unit, goal or limit.
set -euo pipefail
weft=${1:-build/weft}
seconds=${SECONDS_EACH:-4} rounds=${ROUNDS:-3}
here=$(cd "$(dirname "$0")" && pwd)
for need in wrk nginx curl python3; do
    command -v "$need" >/dev/null || { echo "http_bench: $need is missing; see tools/packages.txt" >&2; exit 1; }
done
dir=$(mktemp -d)
pids=()
# shellcheck disable=SC2317
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT

"$weft" init --data "$dir/data" >/dev/null
WEFT_TOKEN=$("$weft" token --data "$dir/data" --role system --user bench)
export WEFT_TOKEN
# Neither server writes a line a request: nginx's access_log is off, and so is ours.
echo 'log_level = warn' >"$dir/conf"
"$weft" serve --data "$dir/data" --config "$dir/conf" --listen 127.0.0.1:0 2>"$dir/log" &
pids+=($!)
server=$!
for _ in $(seq 200); do
    url=$(sed -n 's/^weft serves \(http[^ ]*\).*/\1/p' "$dir/log")
    [ -n "$url" ] && break
    sleep 0.05
done
ask() { curl -sf -H "Authorization: Bearer $WEFT_TOKEN" -H 'Content-Type: application/fhir+json' "$@"; }
id_of() { python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])'; }
WEFT_PATIENT=$(ask -d '{"resourceType":"Patient","name":[{"family":"Bench","given":["Ann"]}],"gender":"female","birthDate":"1970-01-01"}' "$url/fhir/Patient" | id_of)
export WEFT_PATIENT
observation=$(ask -d '{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"subject":{"reference":"Patient/'"$WEFT_PATIENT"'"},"effectiveDateTime":"2026-11-20T08:00:00Z","valueQuantity":{"value":72,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}' "$url/fhir/Observation" | id_of)
# A read by a nurse: the system's own reads are not audited, people's are.
kill -TERM "$server" && wait "$server" || true
nurse=$("$weft" token --data "$dir/data" --role nurse --user bench.nurse)
"$weft" serve --data "$dir/data" --config "$dir/conf" --listen "${url#http://}" 2>"$dir/log2" &
pids+=($!)
server=$!
until curl -sf "$url/healthz" >/dev/null; do sleep 0.05; done

mkdir -p "$dir/www"
curl -sf -H "Authorization: Bearer $nurse" "$url/fhir/Observation/$observation" >"$dir/www/observation.json"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/nginx.conf" <<CONF
worker_processes auto;
pid $dir/nginx.pid;
error_log $dir/nginx.err;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=16;
    types { application/json json; }
    client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir; uwsgi_temp_path $dir; scgi_temp_path $dir;
    server { listen 127.0.0.1:$port; root $dir/www; }
}
CONF
nginx -p "$dir" -c "$dir/nginx.conf" -g 'daemon off;' 2>/dev/null &
nginx=$!
pids+=("$nginx")
until curl -sf "http://127.0.0.1:$port/observation.json" >/dev/null; do sleep 0.05; done

# Clock ticks that the processes have used so far.
ticks() {
    local pid sum=0
    for pid in "$@"; do sum=$((sum + $(awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$pid/stat"))); done
    echo "$sum"
}
count() { sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$dir/wrk"; }
# Microseconds of the servers' processor time a request: what a noisy machine cannot blur.
each() { python3 -c "import os, sys; print(int(sys.argv[1]) / os.sysconf('SC_CLK_TCK') / int(sys.argv[2]) * 1e6)" "$1" "$2"; }
rate() { sed -n 's/^Requests\/sec: *//p'; }
best() { sort -g | tail -1; }
: >"$dir/reads" && : >"$dir/limits" && : >"$dir/read_us" && : >"$dir/limit_us"
mapfile -t workers < <(pgrep -P "$nginx")
for _ in $(seq "$rounds"); do
    before=$(ticks "${workers[@]}")
    wrk -t1 -c32 -d"${seconds}s" "http://127.0.0.1:$port/observation.json" >"$dir/wrk"
    each $(($(ticks "${workers[@]}") - before)) "$(count)" >>"$dir/limit_us"
    rate <"$dir/wrk" >>"$dir/limits"
    before=$(ticks "$server")
    wrk -t1 -c32 -d"${seconds}s" -H "Authorization: Bearer $nurse" "$url/fhir/Observation/$observation" >"$dir/wrk"
    if grep -q 'Non-2xx' "$dir/wrk"; then echo "http_bench: reads failed" >&2; cat "$dir/wrk" >&2; exit 1; fi
    each $(($(ticks "$server") - before)) "$(count)" >>"$dir/read_us"
    rate <"$dir/wrk" >>"$dir/reads"
done
read_rate=$(best <"$dir/reads") limit=$(best <"$dir/limits")
python3 - "$read_rate" "$limit" "$(wc -c <"$dir/www/observation.json")" <<'PY'
import sys
read, limit, size = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
print(f"HTTP read, audited\t{read:.0f}\t/s\tnginx, same {size} bytes from a file: {limit:.0f}")
print(f"HTTP read, of nginx's rate\t{100 * read / limit:.0f}\t%\t>= 50")
PY
least() { sort -g "$1" | head -1; }
printf 'HTTP read, server'"'"'s processor\t%.1f\tus\tnginx %.1f; audit and fsync included\n' \
    "$(least "$dir/read_us")" "$(least "$dir/limit_us")"

read -r syncs _ < <("$here/disk.py" "$dir" 3) # same folder, same moment
# A sync waits until the disk has written all it holds, whoever wrote that: what the figures before
# left is written first, and a file of nobody's, synced now and then, tells what waiting is not ours.
sync
"$here/disk.py" "$dir" "$seconds" 0.02 >"$dir/beside" &
beside=$!
wrk -t1 -c16 -d"${seconds}s" --latency -s "$here/crud.lua" "$url" >"$dir/wrk"
wait "$beside"
read -r _ _ sync_p99 sync_max <"$dir/beside"
counted=$(sed -n 's/^good //p' "$dir/wrk")
case $counted in *"bad 0") ;; *) echo "http_bench: the mix failed: $counted" >&2; cat "$dir/wrk" >&2; exit 1 ;; esac
row() { printf '%s\t%s\t%s\t%s\n' "$@"; }
p99() { sed -n 's/^ *99% *//p' "$dir/wrk"; }
row "HTTP create, read, update, delete" "$(rate <"$dir/wrk")" /s ">= 8000, durable, 16 clients"
row "HTTP create, read, update, delete, p99" "$(p99)" "" "the disk alone: $syncs syncs/s; a sync beside it: p99 ${sync_p99}ms, longest ${sync_max}ms"
row "HTTP, memory after this load" "$(awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$server/status")" MB "<= 300"

# Terminology, by a nurse, over R4's own systems; peers do about 7,000 a second.
ask_terms() {
    wrk -t1 -c16 -d"${seconds}s" --latency -H "Authorization: Bearer $nurse" "$url/fhir/$2" >"$dir/wrk"
    if grep -q 'Non-2xx' "$dir/wrk"; then echo "http_bench: $1 failed" >&2; cat "$dir/wrk" >&2; exit 1; fi
    row "HTTP \$$1" "$(rate <"$dir/wrk")" /s ">= 10000, 16 clients, p99 $(p99)"
}
act=http://terminology.hl7.org/CodeSystem/v3-ActCode
ask_terms lookup "CodeSystem/\$lookup?system=$act&code=AMB"
ask_terms validate-code \
    "ValueSet/\$validate-code?url=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode&system=$act&code=AMB"
