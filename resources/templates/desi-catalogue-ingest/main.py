"""Loads one catalogue file into one table, all or nothing.

The file is read as a stream, so its size does not matter. Rows go to a staging table in the same transaction as the
checks and the final swap: readers of the table see either the old rows or all of the new ones.
"""

import csv
import gzip
import io
import math
import os
import re
import time
import urllib.request

import fits_table
import meridian_job as job

INTEGER = re.compile(r"^[+-]?\d+$")
BATCH = 500


def open_source(source):
    """The file's name and its bytes as a stream."""
    if not source:
        return "sample.csv", open(os.path.join(job.HERE, "sample.csv"), "rb")
    if source.startswith("https://"):
        return source.split("?")[0], urllib.request.urlopen(source, timeout=60)
    return source, open(source, "rb")


def read_catalogue(source):
    name, stream = open_source(source)
    if name.endswith(".gz"):
        name, stream = name[:-3], gzip.open(stream)
    if name.endswith((".fits", ".fit")):
        return fits_table.open_table(io.BufferedReader(stream) if not hasattr(stream, "peek") else stream)
    return read_csv(io.TextIOWrapper(stream, encoding="utf-8", newline=""))


def read_csv(stream):
    """Types are taken from the first thousand rows: all integers, all numbers, or text."""
    reader = csv.reader(stream)
    names = [name.strip().lower() for name in next(reader)]
    head = [row for row, _ in zip(reader, range(1000))]
    kinds = [kind_of([row[at] for row in head if row[at] != ""]) for at in range(len(names))]

    def rows():
        for chunk in (head, reader):
            for row in chunk:
                yield tuple(None if text == "" else cast(kind, text) for kind, text in zip(kinds, row))

    return [(name, kind, "") for name, kind in zip(names, kinds)], [], rows()


def kind_of(texts):
    if texts and all(INTEGER.match(text) for text in texts):
        return "bigint"
    try:
        return "double precision" if texts and all(math.isfinite(float(text)) for text in texts) else "text"
    except ValueError:
        return "text"


def cast(kind, text):
    return int(text) if kind == "bigint" else float(text) if kind == "double precision" else text


def insert(cursor, table, columns, rows, limit):
    """Rows inserted, in batches of many rows a statement."""
    names = ", ".join(job.quote(name) for name, _, _ in columns)
    place = "(" + ", ".join(["%s"] * len(columns)) + ")"
    # PostgreSQL takes at most 65535 values a statement.
    size = max(1, min(BATCH, 60_000 // len(columns)))
    batch, count = [], 0

    def flush():
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES {', '.join([place] * len(batch))}",
            [value for row in batch for value in row],
        )

    for row in rows:
        batch.append(row)
        count += 1
        if len(batch) == size:
            flush()
            batch.clear()
            if count % (20 * size) == 0:
                job.say(f"{count} rows loaded")
        if limit and count >= limit:
            break
    if batch:
        flush()
    return count


def check(cursor, table, columns, loaded, key):
    cursor.execute(f"SELECT count(*) FROM {table}")
    there = cursor.fetchone()[0]
    if there != loaded:
        raise SystemExit(f"{loaded} rows were read and {there} are in the table: nothing is kept.")
    if key and key in [name for name, _, _ in columns]:
        cursor.execute(f"SELECT count(*) - count(DISTINCT {job.quote(key)}) FROM {table}")
        repeated = cursor.fetchone()[0]
        if repeated:
            raise SystemExit(f"{repeated} rows repeat a value of {key}: nothing is kept.")
        return "unique"
    return "not checked"


def main():
    options = job.parameters()
    started = time.monotonic()
    target = f"{options['schema']}.{options['table']}"
    columns, skipped, rows = read_catalogue(options.get("source", ""))
    job.say(f"{len(columns)} columns: {', '.join(name for name, _, _ in columns)}")
    if skipped:
        job.say(f"left out, because they are no single values: {', '.join(skipped)}")
    table = job.quote(target)
    with job.connect() as connection:
        with connection.cursor() as cursor:
            definition = ", ".join(f"{job.quote(name)} {kind}" for name, kind, _ in columns)
            if options["mode"] == "replace":
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(f"CREATE TABLE {table} ({definition})")
            for name, _, unit in columns:
                if unit:
                    cursor.execute(f"COMMENT ON COLUMN {table}.{job.quote(name)} IS '[{unit.replace(chr(39), '')}]'")
            loaded = insert(cursor, table, columns, rows, options.get("limit", 0))
            verdict = check(cursor, table, columns, loaded, options.get("uniqueColumn", ""))
        connection.commit()
    seconds = time.monotonic() - started
    job.say(f"{loaded} rows in {target} after {seconds:.1f} s")
    job.progress(1, 1)
    job.result(
        [
            ("table_name", "text", "", "Table that was loaded"),
            ("rows", "int8", "", "Rows loaded"),
            ("columns", "int8", "", "Columns loaded"),
            ("columns_left_out", "int8", "", "Vector columns left out"),
            ("key", "text", "", "Whether the key column is unique"),
            ("seconds", "float8", "s", "Time the load took"),
        ],
        [(target, loaded, len(columns), len(skipped), verdict, round(seconds, 2))],
    )


if __name__ == "__main__":
    main()
