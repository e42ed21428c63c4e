#!/usr/bin/env python3
"""spec/routes.csv and route-params.csv -> routes_gen.h (ids, handlers) and routes_gen.c (the dispatch table).

Rows come out most literal first, so that the first match is the right one. Checked: known words,
no two rows for one method and pattern, every handler named once or shared on purpose."""
import csv
import sys

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RUNS = {"memory": "NET_INLINE", "inline": "NET_INLINE", "worker": "NET_WORKER", "slow": "NET_SLOW"}
AUTHS = ("none", "bearer", "fresh", "cookie")
KINDS = ("fhir", "json", "text", "page", "live")
SEGMENTS_MAX = 6


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def need(ok, row, what):
    if not ok:
        sys.exit(f"routes.csv: {row['name']}: {what}")


def segments(row):
    parts = [p for p in row["path"].split("/")[1:] if p]
    need(len(parts) <= SEGMENTS_MAX, row, "too many segments")
    return parts


def rank(row):
    kind = {"{type}": 1, "{id}": 2, "{vid}": 2, "{within}": 2, "{*}": 3}
    return [kind.get(p, 0) for p in segments(row)] + [len(segments(row))], row["path"]


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    seen = set()
    for row in rows:
        need(row["method"] in METHODS, row, "unknown method")
        need(row["run"] in RUNS, row, "run is memory, inline, worker or slow")
        need(row["auth"] in AUTHS, row, "auth is " + ", ".join(AUTHS))
        need(row["kind"] in KINDS, row, "unknown kind")
        need(row["doc"], row, "say what it does")
        key = (row["method"], row["path"])
        need(key not in seen and row["name"] not in {s[0] for s in seen}, row, "stands twice")
        seen.add(key)
    return sorted(rows, key=rank)


def read_params(path, rows):
    """The parameters, and for each route its own as numbers."""
    with open(path, encoding="utf-8", newline="") as f:
        params = list(csv.DictReader(line for line in f if not line.startswith("#")))
    of = {row["name"]: [] for row in rows}
    for i, p in enumerate(params):
        for name in p["routes"].split():
            if name not in of:
                sys.exit(f"route-params.csv: {p['name']}: there is no route {name}")
            of[name].append(i)
    return params, of


def param_lines(params, of):
    yield "const struct route_param api_route_params[] = {\n"
    for p in params:
        yield f"    {{{quoted(p['name'])}, {quoted(p['example'])}, {quoted(p['doc'])}}},\n"
    yield "};\n"
    yield f"const unsigned api_route_param_count = {len(params)};\n"
    for name, numbers in of.items():
        if numbers:
            yield (f"static const unsigned char params_{name.replace('-', '_')}[] = "
                   f"{{{', '.join(map(str, numbers))}}};\n")
    yield "\n"


def ident(row):
    return "ROUTE_" + row["name"].upper().replace("-", "_")


def line(row, numbers):
    parts = segments(row)
    kinds = {"{type}": "SEGMENT_TYPE", "{id}": "SEGMENT_ID", "{vid}": "SEGMENT_VID",
             "{within}": "SEGMENT_WITHIN", "{*}": "SEGMENT_REST"}
    names = ", ".join(f"{{{kinds.get(p, 'SEGMENT_LITERAL')}, STR_CONST({quoted(p)})}}"
                      for p in parts) or "{SEGMENT_LITERAL, STR_CONST(\"\")}"
    params = f"params_{row['name'].replace('-', '_')}" if numbers else "NULL"
    return (f"    [{ident(row)}] = {{.name = {quoted(row['name'])}, .method = NET_{row['method']},\n"
            f"        .path = {quoted(row['path'])}, .segments = {{{names}}}, .n_segments = {len(parts)},\n"
            f"        .handle = api_{row['handler']}, .interaction = {quoted(row['interaction'])},\n"
            f"        .except = {quoted(row['except'])}, .auth = AUTH_{row['auth'].upper()},\n"
            f"        .params = {params}, .n_params = {len(numbers)},\n"
            f"        .run = {RUNS[row['run']]}, .memory = {'true' if row['run'] == 'memory' else 'false'},\n"
            f"        .kind = KIND_{row['kind'].upper()},\n"
            f"        .doc = {quoted(row['doc'])}}},")


def hint(parts, i):
    """Of a literal segment, as route.c's hint_of(); 0 for a variable and for none."""
    if i >= len(parts) or parts[i].startswith("{"):
        return 0
    text = parts[i].encode()
    return (len(text) * 31 + text[0] + text[-1] * 7) % 255 + 1


def sieve_line(row):
    parts = segments(row)
    rest = bool(parts) and parts[-1] == "{*}"
    return f"    {{{len(parts) - rest}, {int(rest)}, {{{hint(parts, 0)}, {hint(parts, 1)}}}}},\n"


def main(source, param_source, header, table):
    rows = read(source)
    params, of = read_params(param_source, rows)
    made = "/* Made from spec/routes.csv by tools/gen_routes.py. */\n"
    with open(header, "w", encoding="utf-8") as f:
        f.write(made + "#ifndef WEFT_ROUTES_GEN_H\n#define WEFT_ROUTES_GEN_H\n\nenum route_id {\n")
        f.writelines(f"    {ident(r)},\n" for r in rows)
        f.write("    ROUTE_COUNT\n};\n\nstruct call;\n")
        f.writelines(f"err api_{h}(struct call *c);\n" for h in sorted({r["handler"] for r in rows}))
        f.write("\n#endif\n")
    with open(table, "w", encoding="utf-8") as f:
        f.write(made + '#include "api/api_int.h"\n\n')
        f.writelines(param_lines(params, of))
        f.write('const struct route api_routes[ROUTE_COUNT] = {\n')
        f.write("\n".join(line(r, of[r["name"]]) for r in rows) + "\n};\n")
        f.write("const struct route_sieve api_route_sieve[ROUTE_COUNT] = {\n")
        f.writelines(sieve_line(r) for r in rows)
        f.write("};\n")


main(*sys.argv[1:5])
