#!/usr/bin/env python3
"""spec/templates/messages.json -> templates_gen.h: message templates and fixed lines by language.
Refuses a template that lacks a language, so no patient is left without words."""
import json
import sys

LANGUAGES = ["en", "es", "ar"]


def text(s):
    return json.dumps(s, ensure_ascii=False)


def by_language(row, what):
    missing = [x for x in LANGUAGES if x not in row]
    if missing:
        sys.exit("spec/templates/messages.json: %s lacks %s" % (what, ", ".join(missing)))
    return "{%s}" % ", ".join(text(row[x]) for x in LANGUAGES)


def main(source, target):
    with open(source, encoding="utf-8") as f:
        spec = json.load(f)
    out = ["/* Generated from spec/templates/messages.json; do not edit. */",
           "#ifndef WEFT_TEMPLATES_GEN_H", "#define WEFT_TEMPLATES_GEN_H",
           "#define TEMPLATE_ROWS \\"]
    for t in spec["templates"]:
        out.append("    {%s, %s, %s}, \\" % (text(t["code"]), text(t["purpose"]), ", ".join(
            by_language(t[k], t["code"] + "." + k) for k in ("title", "sms", "subject", "email"))))
    out.append("")
    lines = spec["lines"]
    out.append("enum line { %s, LINE_COUNT };" % ", ".join("LINE_" + k.upper() for k in lines))
    out.append("#define LINE_ROWS \\")
    out += ["    %s, \\" % by_language(v, k) for k, v in lines.items()]
    out += ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
