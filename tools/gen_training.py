#!/usr/bin/env python3
"""spec/identity/training.json -> training_gen.h: the modules staff must pass, and their text as JSON.

Checked: every language of every sentence, roles that exist, at most 365 days (rule PRIV-23)."""
import json
import sys

LANGS = ("en", "es", "ar")
ROLES = ("nurse", "agent", "outreach", "privacy", "admin")


def need(ok, what):
    if not ok:
        sys.exit(f"training.json: {what}")


def check(m):
    need(m["kind"] in ("agreement", "module") and 1 <= m["days"] <= 365 and m["version"] > 0, m["id"])
    need(set(m["roles"]) <= set(ROLES) and m["citation"], f"{m['id']}: roles, citation")
    need((m["kind"] == "agreement") == (not m["quiz"]), f"{m['id']}: a module has a quiz, an agreement none")
    for lang in LANGS:
        need(m["title"][lang] and len(m["text"][lang]) == len(m["text"]["en"]), f"{m['id']}: {lang}")
        for q in m["quiz"]:
            need(q["ask"][lang] and len(q["options"][lang]) == 3, f"{m['id']}: {lang}: 3 options each")


def quoted(text):
    raw = text.encode()
    return "\n".join('        "' + "".join(
        chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in raw[i:i + 400]) + '"'
        for i in range(0, len(raw), 400))


def main(source, target):
    with open(source, encoding="utf-8") as f:
        modules = json.load(f)["modules"]
    need(len({m["id"] for m in modules}) == len(modules), "an id stands twice")
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made from spec/identity/training.json by tools/gen_training.py. */\n"
                "static const struct training_row training_rows[] = {\n")
        for m in modules:
            check(m)
            roles = " | ".join(f"1u << ROLE_{r.upper()}" for r in m["roles"])
            text = {k: m[k] for k in ("kind", "citation", "title", "text", "quiz")}
            f.write(f'    {{"{m["id"]}", {m["version"]}, {m["days"]}, {len(m["quiz"])}, {roles},\n'
                    f'{quoted(json.dumps(text, ensure_ascii=False, separators=(",", ":")))}}},\n')
        f.write(f"}};\n#define TRAINING_ROWS {len(modules)}u\n")


main(*sys.argv[1:3])
