"""What a job started by Meridian finds beside its script.

Meridian puts this file, `parameters.json` and, where the job works on the rows of a query, `data.json` into one
read-only directory. A job speaks back through its standard output, one line at a time:

    MERIDIAN_PROGRESS <done> <total>
    MERIDIAN_RESULT {"columns": [{"name": ..., "type": ..., "unit": ..., "description": ...}]}
    MERIDIAN_RESULT_ROW [value, value, ...]
    MERIDIAN_RESULT_END {"rows": <number>, "sha256": <of the row lines>}

or, for a result that is a table of the database, `MERIDIAN_RESULT {"table": "schema.name"}`. Everything else is log.
Only the standard library is needed, and `psycopg` where the job reads PostgreSQL.
"""

import csv
import hashlib
import json
import math
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def parameters():
    """The parameters of this job, checked against the template's schema before it was sent."""
    with open(os.path.join(HERE, "parameters.json"), encoding="utf-8") as file:
        return json.load(file)


def index():
    """Number of this pod in an indexed job; 0 in any other."""
    return int(os.environ.get("JOB_COMPLETION_INDEX", "0"))


def say(text):
    print(text, flush=True)


def progress(done, total):
    print(f"MERIDIAN_PROGRESS {done} {total}", flush=True)


def connect():
    """A connection to PostgreSQL by the usual PG* variables, which come from a secret of the cluster."""
    import psycopg

    return psycopg.connect("", application_name="meridian-job")


def quote(name):
    """A name as an SQL identifier. `schema.table` is two of them."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def data():
    """How the rows of the query came here, or None: {"transport", "place", "columns", "rows", "sql", ...}."""
    path = os.path.join(HERE, "data.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


_CASTS = {
    "int2": int, "int4": int, "int8": int, "oid": int,
    "float4": float, "float8": float, "numeric": float,
    "bool": lambda text: text in ("t", "true"),
}


def data_rows(connection, columns=None):
    """The rows of the query as dictionaries, from the snapshot table or from the file."""
    about = data()
    if about is None:
        return
    known = [column["name"] for column in about["columns"]]
    wanted = columns or known
    missing = [name for name in wanted if name not in known]
    if missing:
        raise SystemExit(f"The query's result has no column {', '.join(missing)}; it has {', '.join(known)}.")
    if about["transport"] == "snapshot-table":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(quote(name) for name in wanted)} FROM {quote(about['place'])}")
            for row in cursor:
                yield dict(zip(wanted, row))
        return
    casts = {column["name"]: _CASTS.get(column["pgType"].split("(")[0], str) for column in about["columns"]}
    with open(os.path.join(HERE, about["place"]), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {name: None if row[name] == "" else casts[name](row[name]) for name in wanted}


def result(columns, rows):
    """Sends a table back. `columns` are (name, type, unit, description); types: int8, float8, text, bool."""
    described = [
        {"name": name, "type": kind, "unit": unit, "description": text} for name, kind, unit, text in columns
    ]
    print("MERIDIAN_RESULT " + json.dumps({"columns": described}), flush=True)
    digest = hashlib.sha256()
    count = 0
    for row in rows:
        line = json.dumps([_plain(value) for value in row])
        digest.update(line.encode() + b"\n")
        print("MERIDIAN_RESULT_ROW " + line)
        count += 1
    print("MERIDIAN_RESULT_END " + json.dumps({"rows": count, "sha256": digest.hexdigest()}), flush=True)
    return count


def result_table(name):
    """Says that the result is this table of the database that the job is connected to."""
    print("MERIDIAN_RESULT " + json.dumps({"table": name}), flush=True)


def _plain(value):
    # JSON knows no NaN, and a wide integer must not become a rounded number on its way.
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
