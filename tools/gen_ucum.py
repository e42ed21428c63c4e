#!/usr/bin/env python3
"""Makes the tables of src/fhir/ucum.c from spec/ucum: every unit's size in base units (34 digits,
worked out in fractions), its dimensions, and the prefixes.

usage: gen_ucum.py SPEC_FOLDER OUT_FOLDER      writes ucum_tables.inc
"""

import os
import re
import sys
from fractions import Fraction

DIGITS = 34
FUNCTIONS = {"": "FN_NONE", "Cel": "FN_CEL", "degF": "FN_DEG_F", "degRe": "FN_DEG_RE",
             "tanTimes100": "FN_TAN", "100tan": "FN_TAN", "hpX": "FN_HP_X", "hpC": "FN_HP_C",
             "hpM": "FN_HP_M", "hpQ": "FN_HP_Q", "pH": "FN_PH", "ln": "FN_LN", "lg": "FN_LG",
             "lgTimes2": "FN_LG2", "sqrt": "FN_SQRT", "ld": "FN_LD"}
FACTOR = re.compile(r"\d+(?![\d*^])")
SYMBOL = re.compile(r"((?:10[*^]|\[[^\]]*\]|[^\[\]./(){}\d+-])+)([+-]?\d+)?")


def rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


class Size:
    """A number times powers of base units and of arbitrary units."""

    def __init__(self, number, dims=None, arbitrary=None):
        self.number, self.dims, self.arbitrary = number, dims or {}, arbitrary or {}

    def times(self, other, power):
        def merge(a, b):
            out = dict(a)
            for key, p in b.items():
                out[key] = out.get(key, 0) + p * power
            return {k: p for k, p in out.items() if p}
        return Size(self.number * other.number ** power, merge(self.dims, other.dims),
                    merge(self.arbitrary, other.arbitrary))


class Table:
    def __init__(self, folder):
        self.prefixes = {p: Fraction(v) for p, v, _ in rows(folder, "prefixes.tsv")}
        self.units = {r[0]: r for r in rows(folder, "units.tsv")}
        self.bases = [c for c, r in self.units.items() if "b" in r[1]]
        self.known = {}

    def size(self, code):
        if code not in self.known:
            _, flags, _, value, unit, *_ = self.units[code]
            if "b" in flags:
                out = Size(Fraction(1), {code: 1})
            elif "a" in flags and unit == "1":
                out = Size(Fraction(1), {}, {code: 1})
            else:
                out = Size(Fraction(value)).times(self.term(unit), 1)
            self.known[code] = out
        return self.known[code]

    def symbol(self, text):
        if text in self.units:
            return self.size(text)
        for n in (2, 1):
            rest = self.units.get(text[n:])
            if text[:n] in self.prefixes and rest and "m" in rest[1]:
                return Size(self.prefixes[text[:n]]).times(self.size(text[n:]), 1)
        raise SystemExit("no unit " + text)

    def term(self, text):
        """The definitions use no parentheses outside of brackets."""
        out, at, power = Size(Fraction(1)), 0, 1
        while at < len(text):
            if text[at] in "./":
                power = -1 if text[at] == "/" else 1
                at += 1
                continue
            factor = FACTOR.match(text, at)
            if factor:
                out, at = out.times(Size(Fraction(factor[0])), power), factor.end()
                continue
            m = SYMBOL.match(text, at)
            out = out.times(self.symbol(m[1]), power * int(m[2] or 1))
            at = m.end()
        return out


def decimal(f):
    """(mantissa, exponent) of a positive fraction, half to even at DIGITS."""
    exponent = 0
    while f >= 10 ** DIGITS:
        f, exponent = f / 10, exponent + 1
    while f * 10 < 10 ** DIGITS and f.denominator != 1:
        f, exponent = f * 10, exponent - 1
    mantissa = round(f)
    while mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    return mantissa, exponent


def number(f):
    mantissa, exponent = decimal(f)
    return f"{mantissa >> 64:#x}, {mantissa & (1 << 64) - 1:#x}, {exponent}"


def quoted(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    folder, out = sys.argv[1:]
    table = Table(folder)
    codes = sorted(table.units, key=lambda c: c.encode())
    lines = ["/* Made by tools/gen_ucum.py from spec/ucum. */",
             "static const struct prefix_row prefixes[] = {"]
    lines += [f"    {{{quoted(p)}, {number(v)}, {quoted(name)}}}," for p, (v, name) in
              {r[0]: (Fraction(r[1]), r[2]) for r in rows(folder, "prefixes.tsv")}.items()]
    lines += ["};", "static const struct unit_row units[] = {"]
    for code in codes:
        _, flags, function, _, _, name, _ = table.units[code]
        size = table.size(code)
        if len(size.arbitrary) > 1 or any(p != 1 for p in size.arbitrary.values()):
            raise SystemExit("more than one arbitrary unit in " + code)
        dims = ", ".join(str(size.dims.get(b, 0)) for b in table.bases)
        arbitrary = codes.index(next(iter(size.arbitrary))) + 1 if size.arbitrary else 0
        lines.append(f"    {{{quoted(code)}, {quoted(name)}, {number(size.number)}, {{{dims}}}, "
                     f"{arbitrary}, {FUNCTIONS[function]}, {int('m' in flags)}}},")
    lines += ["};", "static const char *const bases[] = {" +
              ", ".join(map(quoted, table.bases)) + "};", ""]
    with open(os.path.join(out, "ucum_tables.inc"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main()
