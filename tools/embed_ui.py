#!/usr/bin/env python3
"""web/dist -> ui.blob (every file raw and gzip -9, one after the other) and ui_gen.c (takes the blob in
with .incbin; the index {path, type, etag, where}). Usage: embed_ui.py DIST|- OUT. A missing DIST gives an empty index."""
import gzip
import hashlib
import os
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".json": "application/json",
         ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png",
         ".ico": "image/x-icon", ".webmanifest": "application/manifest+json",
         ".txt": "text/plain; charset=utf-8"}
# Vite puts a hash of the content before the ending: such a file never changes under its name.
HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")


def files(dist):
    for folder, _, names in os.walk(dist):
        for name in names:
            full = os.path.join(folder, name)
            kind = TYPES.get(os.path.splitext(name)[1])
            if kind:
                yield "/" + os.path.relpath(full, dist).replace(os.sep, "/"), full, kind


def main(dist, out):
    blob, rows = bytearray(), []
    found = sorted(files(dist)) if dist != "-" and os.path.isdir(dist) else []
    for path, full, kind in found:
        with open(full, "rb") as f:
            raw = f.read()
        packed = gzip.compress(raw, 9, mtime=0)
        if len(packed) >= len(raw):
            packed = b""
        etag = hashlib.sha256(raw).hexdigest()[:16]
        rows.append(f'    {{"{path}", "{kind}", "\\"{etag}\\"", {len(blob)}u, {len(raw)}u, '
                    f'{len(blob) + len(raw)}u, {len(packed)}u, {str(bool(HASHED.search(path))).lower()}}},')
        blob += raw + packed
    with open(os.path.join(out, "ui.blob"), "wb") as f:
        f.write(blob or b"\0")
    rows = rows or ['    {"", "", "", 0, 0, 0, 0, false},']
    with open(os.path.join(out, "ui_gen.c"), "w", encoding="utf-8") as f:
        f.write("/* Made from web/dist by tools/embed_ui.py. */\n"
                '#include "api/ui_int.h"\n\n'
                '__asm__(".pushsection .rodata\\n.global ui_blob\\n.balign 16\\nui_blob:\\n"\n'
                f'        ".incbin \\"{os.path.join(out, "ui.blob")}\\"\\n.popsection\\n");\n\n'
                'const struct ui_file ui_files[] = {\n'
                + "\n".join(rows) + f"\n}};\nconst size_t ui_n_files = {len(found)};\n")


main(sys.argv[1], sys.argv[2])
