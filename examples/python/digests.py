"""Hash the files below a directory and keep the digests in a database."""

import concurrent.futures
import hashlib
import pathlib
import sqlite3
import sys
import tempfile


def digest(path):
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


def main(top):
    files = [p for p in pathlib.Path(top).rglob("*") if p.is_file()]
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        found = sorted(pool.map(digest, files))
    with tempfile.NamedTemporaryFile(suffix=".db") as f, sqlite3.connect(f.name) as db:
        db.execute("create table digests (path text primary key, sha256 text)")
        db.executemany("insert into digests values (?, ?)", found)
        count, = db.execute("select count(*) from digests").fetchone()
    print(f"{count} files, all of them: {hashlib.sha256(repr(found).encode()).hexdigest()[:16]}")


if __name__ == "__main__":
    main(sys.argv[1])
