"""Makes a copy of the working tree below target/, for scripts that build changed code."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def update(copy, patch, change=lambda name, content: content):
    """Makes the folder `copy` the same as the working tree, but for what `change` does to the content of
    each file. Returns how many files it changes. Files that are the same as before keep their modification
    time, so they are not compiled again.

    The copy's crates have the patch version `patch`: cargo would otherwise confuse their builds with the
    working tree's in a shared build directory.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = {name for name in names.split("\0") if name and (ROOT / name).is_file()}
    changed = 0
    for name in names:
        original = (ROOT / name).read_bytes()
        content = change(name, original)
        changed += content != original
        if name == "Cargo.toml":
            content = with_patch_version(content, patch)
        file = copy / name
        if not file.exists() or content != file.read_bytes():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    for file in list(copy.rglob("*")):
        if file.is_file() and str(file.relative_to(copy)) not in names:
            file.unlink()
    return changed


def with_patch_version(manifest, patch):
    version = rb'^version = "(\d+\.\d+)\.[^"]+"'
    manifest, count = re.subn(version, rb'version = "\1.%d"' % patch, manifest, flags=re.MULTILINE)
    assert count == 1, "the version of the workspace is not found"
    return manifest
