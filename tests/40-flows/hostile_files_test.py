#!/usr/bin/env python3
"""Files that lie, given to weft import: bombs in gzip and zip, lines without end, archives that are not
what their table of contents says, hierarchies that are rings: refused by name, within bounded memory."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib
from urllib.parse import urlencode

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from terms_release_test import CORE, SNOMED  # noqa: E402
from weft_http import WEFT, Server, main, weft  # noqa: E402

MIB = 1 << 20
MEMORY = 700 * MIB  # of a process that unpacks a fifth of a gigabyte; sanitizers keep much


class Files(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="weft-hostile-")
        self.data = os.path.join(self.root, "data")
        weft("init", "--data", self.data)

    def tearDown(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.root, name)

    def run_import(self, *args):
        """Exit code, all that was said, and the most memory it had."""
        with open(self.path("said"), "w+b") as said:
            p = subprocess.Popen([WEFT, "import", "--data", self.data, *args], stdout=said, stderr=said)
            _, status, used = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            text = said.read().decode()
        self.assertNotRegex(text, "Sanitizer|runtime error")
        return p.returncode, text, used.ru_maxrss * 1024

    def gz(self, name, *parts):
        """Each part: bytes, and how many times."""
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        with open(self.path(name), "wb") as f:
            for part, times in parts:
                for _ in range(times):
                    f.write(z.compress(part))
            f.write(z.flush())
        return self.path(name)

    def test_a_line_without_end(self):
        """200 MB out of 200 KB: told by its line, never held; what stands around it is taken."""
        good = b'{"resourceType":"Patient"}\n'
        bomb = self.gz("bomb.ndjson.gz", (good, 1), (b"a" * MIB, 200), (b"\n" + good, 1))
        code, said, memory = self.run_import("--on-error", "skip", bomb)
        self.assertEqual(1, code)
        self.assertIn("bomb.ndjson.gz:2: The text is longer than 64 MiB", said)
        self.assertRegex(said, r"Patient +2\b")
        self.assertLess(memory, MEMORY)

    def test_a_text_without_end(self):
        whole = self.gz("bomb.json", (b'{"resourceType":"Patient","x":[', 1), (b'"a",' * (MIB // 4), 100))
        code, said, memory = self.run_import(whole)
        self.assertEqual(1, code)
        self.assertIn("bomb.json: The text is longer than 64 MiB", said)
        self.assertLess(memory, MEMORY)

    def test_deep_and_many(self):
        deep = self.gz("deep.ndjson.gz", (b"[" * MIB, 20), (b"\n", 1), (b"nonsense\n" * 10000, 1))
        code, said, memory = self.run_import("--on-error", "skip", deep)
        self.assertEqual(1, code)
        self.assertEqual(10001, said.count("deep.ndjson.gz:"))
        self.assertLess(memory, MEMORY)

    def test_cut_short(self):
        whole = self.gz("cut.ndjson.gz", *((b'{"resourceType":"Patient","id":"p%d"}\n' % i, 1)
                                           for i in range(1000)))
        with open(whole, "r+b") as f:
            f.truncate(os.path.getsize(whole) - 20)
        code, said, _ = self.run_import(whole)
        self.assertEqual(1, code)
        self.assertIn("damaged or cut short", said)

    def load(self, path, what="snomed"):
        code, said, memory = self.run_import("--terminology", what, path)
        self.assertLess(memory, MEMORY)
        return code, said

    def zip(self, files, method=zipfile.ZIP_DEFLATED):
        path = self.path("release.zip")
        with zipfile.ZipFile(path, "w", method) as z:
            for name, text in files.items():
                z.writestr(name, text)
        with open(path, "rb") as f:
            return path, bytearray(f.read())

    def entries(self, packed):
        """Where the table of contents has its rows."""
        at = packed.index(b"PK\1\2")
        while at >= 0:
            yield at
            at = packed.find(b"PK\1\2", at + 46)

    def refused(self, path, packed, *words):
        with open(path, "wb") as f:
            f.write(packed)
        code, said = self.load(path)
        self.assertEqual(1, code, said)
        for word in words:
            self.assertIn(word, said)
        self.assertFalse(os.path.exists(os.path.join(self.data, "terms")))

    def test_members_that_are_not_what_they_should_be(self):
        path, packed = self.zip(SNOMED, zipfile.ZIP_STORED)
        at = packed.index(b"Griffin")
        packed[at] = ord("g")  # valid text; only its sum tells
        self.refused(path, packed, "damaged here")
        path, packed = self.zip(SNOMED)
        row = next(self.entries(packed))
        for offset, change in ((20, -30), (24, -7), (24, 7), (16, 1)):  # packed, unpacked, sum
            bad = bytearray(packed)
            was = struct.unpack_from("<I", bad, row + offset)[0]
            struct.pack_into("<I", bad, row + offset, was + change)
            self.refused(path, bad, "damaged here")
        for offset, form, word in ((8, "<H", 1), (10, "<H", 12), (20, "<I", 0xffffffff),
                                   (24, "<I", 0xffffffff), (42, "<I", 0x7fffffff), (28, "<H", 0xffff)):
            bad = bytearray(packed)
            struct.pack_into(form, bad, row + offset, word)
            self.refused(path, bad, "unpack it and name the folder")

    def test_what_unpacks_to_more_than_any_release(self):
        path, packed = self.zip({**SNOMED, **{f"x{i}": "x" for i in range(20)}})
        for row in self.entries(packed):
            struct.pack_into("<I", packed, row + 24, 0xfffffffe)
        self.refused(path, packed, "more than any release")

    def test_a_member_without_end(self):
        name = "Snapshot/Terminology/sct2_Description_Snapshot-en_INT_20990131.txt"
        path, packed = self.zip({**SNOMED, name: SNOMED[name] + "x" * (50 * MIB)})
        self.refused(path, packed, "longer than a megabyte")

    def test_rings_and_chains(self):
        """Each of 5,000 concepts is a child of the next, the last of the first."""
        n, files = 5000, {}
        for name, text in SNOMED.items():
            head = text.split("\r\n")[0] + "\r\n"
            files[name] = head
            if "Concept_" in name:
                files[name] += "".join(f"{i}\t20990131\t1\t{CORE}\t9\r\n" for i in range(1, n + 1))
            elif "Description_" in name:
                files[name] += "".join(f"{i}\t1\t1\t{CORE}\t{i}\ten\t900000000000003001\tT{i}\tx\r\n"
                                       for i in range(1, n + 1))
            elif "Relationship_" in name:
                files[name] += "".join(f"{i}\t1\t1\t{CORE}\t{i}\t{i % n + 1}\t0\t116680003\tx\ty\r\n"
                                       for i in range(1, n + 1))
        path, _ = self.zip(files)
        code, said = self.load(path)
        self.assertEqual(0, code, said)
        server = Server()
        try:
            shutil.copytree(os.path.join(self.data, "terms"), os.path.join(server.data, "terms"))
            token, sct = server.token("system"), "http://snomed.info/sct"
            server.start()

            def ask(path, **query):
                a = server.call("GET", f"/fhir/{path}?{urlencode(query)}", token=token)
                return a.status, json.dumps(a.json)
            self.assertEqual(200, ask("CodeSystem/$lookup", system=sct, code="5")[0])
            status, said = ask("CodeSystem/$subsumes", system=sct, codeA="5", codeB="4900")
            self.assertTrue(status == 200 or "too-costly" in said, said)
            status, said = ask("ValueSet/$expand", url=sct + "?fhir_vs=isa/7", count="10")
            self.assertEqual(200, status, said)
            self.assertIn(f'"total": {n}', said)
            status, said = ask("ValueSet/$validate-code", url=sct + "?fhir_vs=isa/3", system=sct, code="900")
            self.assertTrue(status == 200 or "too-costly" in said, said)
            for name in ("below", "above"):
                self.assertIn(ask("Condition", **{"code:" + name: sct + "|9"})[0], (200, 400))
            self.assertEqual(0, server.stop(), server.read_log()[-2000:])
        finally:
            server.close()


if __name__ == "__main__":
    main()
