"""What the distillers of packages have in common: where they write, and the check that what is kept is what
the package gives."""
import os
import tempfile


def check(distil, folder, spec, names=None, shown=""):
    """1 and a line for each file of spec that differs from what distil(folder, …) gives."""
    stale = 0
    with tempfile.TemporaryDirectory() as fresh:
        distil(folder, fresh)
        for name in names or sorted(os.listdir(fresh)):
            with open(os.path.join(fresh, name), encoding="utf-8") as f:
                want = f.read()
            with open(os.path.join(spec, name), encoding="utf-8") as f:
                have = f.read()
            if want != have:
                print("stale: spec/%s%s differs from what the package gives" % (shown, name))
                stale = 1
    return stale


def main(argv, doc, distil, names=None, shown=""):
    """PACKAGE SPEC writes; --check PACKAGE SPEC compares."""
    if len(argv) == 4 and argv[1] == "--check":
        return check(distil, argv[2], argv[3], names, shown)
    if len(argv) != 3:
        print(doc)
        return 2
    os.makedirs(argv[2], exist_ok=True)
    distil(argv[1], argv[2])
    return 0
