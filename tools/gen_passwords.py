#!/usr/bin/env python3
"""spec/identity/common-passwords.txt -> common_passwords_gen.h: sorted by bytes, for a binary search."""
import sys


def main(source, target):
    with open(source, encoding="utf-8") as f:
        words = [line.rstrip("\n") for line in f if not line.startswith("#")]
    for w in words:
        if len(w) < 8 or w != w.lower() or '"' in w or "\\" in w or "?" in w:
            sys.exit(f"{source}: {w!r}: at least 8 characters, small letters, no quotes")
    words = sorted(set(words), key=lambda w: w.encode())
    with open(target, "w", encoding="utf-8") as f:
        f.write("/* Made from spec/identity/common-passwords.txt by tools/gen_passwords.py. */\n")
        f.write("static const char *const common_passwords[] = {\n")
        f.writelines(f'    "{w}",\n' for w in words)
        f.write(f"}};\n#define COMMON_PASSWORDS {len(words)}u\n")


main(sys.argv[1], sys.argv[2])
