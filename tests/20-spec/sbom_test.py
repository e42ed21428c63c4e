"""The bill of materials names what the binary really needs and what the web apps really carry."""
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../tools/sbom.py")


class Sbom(unittest.TestCase):
    def test_everything_linked_is_named(self):
        made = subprocess.run([sys.executable, TOOL, os.environ["WEFT"]], capture_output=True, text=True, check=True)
        bill = json.loads(made.stdout)
        self.assertEqual(("CycloneDX", "1.5"), (bill["bomFormat"], bill["specVersion"]))
        names = {c["name"] for c in bill["components"]}
        self.assertLessEqual({"libc6", "libmicrohttpd12", "libsqlite3-0", "libsodium23", "libxml2", "preact"}, names)
        self.assertFalse({"vite", "typescript", "gcc"} & names)
        for c in bill["components"]:
            self.assertTrue(c["version"] and c["purl"].startswith(("pkg:deb/debian/", "pkg:npm/")), c)


if __name__ == "__main__":
    unittest.main()
