"""The part of psycopg 3 that the shipped scripts use, over the demo lab's database helper.

Images of a real cluster hold psycopg itself. In the demo lab a container is a process of this computer, where only the
standard library is sure to be there.
"""

import decimal
import json
import os
import re
import socket

__version__ = "3.0+lab"


class Error(Exception):
    """A failure, with PostgreSQL's code where the server gave one."""

    sqlstate = None


class OperationalError(Error):
    pass


class ProgrammingError(Error):
    pass


_CASTS = {
    16: lambda text: text == "t",
    20: int, 21: int, 23: int, 26: int,
    700: float, 701: float,
    1700: decimal.Decimal,
    114: json.loads, 3802: json.loads,
}


def connect(conninfo="", **options):
    words = dict(re.findall(r"(\w+)=(\S+)", conninfo))
    words.update({key: value for key, value in options.items() if value is not None})
    return Connection(
        {
            "host": words.get("host") or os.environ.get("PGHOST", ""),
            "database": words.get("dbname") or os.environ.get("PGDATABASE", ""),
            "user": words.get("user") or os.environ.get("PGUSER", ""),
            "password": words.get("password") or os.environ.get("PGPASSWORD", ""),
        }
    )


class Connection:
    def __init__(self, place):
        address, token = os.environ["MERIDIAN_LAB_DATABASES"].split("#")
        host, port = address.rsplit(":", 1)
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=600)
        except OSError as error:
            raise OperationalError(f"connection failed: {error}") from None
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._in_transaction = False
        self._ask({"token": token, **place})

    def _ask(self, message):
        self._socket.sendall((json.dumps(message) + "\n").encode())
        line = self._lines.readline()
        if not line:
            raise OperationalError("the connection is closed")
        answer = json.loads(line)
        if "error" in answer:
            kind = OperationalError if answer.get("code", "").startswith(("08", "28", "3D", "57")) else ProgrammingError
            failure = kind(answer["error"])
            failure.sqlstate = answer.get("code")
            raise failure
        return answer

    def _run(self, sql, values):
        if not self._in_transaction:
            self._ask({"sql": "BEGIN", "values": []})
            self._in_transaction = True
        return self._ask({"sql": sql, "values": values})

    def cursor(self):
        return Cursor(self)

    def execute(self, query, params=None):
        return self.cursor().execute(query, params)

    def _finish(self, word):
        if self._in_transaction:
            self._in_transaction = False
            self._ask({"sql": word, "values": []})

    def commit(self):
        self._finish("COMMIT")

    def rollback(self):
        self._finish("ROLLBACK")

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.commit()
            else:
                self.rollback()
        finally:
            self.close()


class Cursor:
    def __init__(self, connection):
        self.connection = connection
        self.description = None
        self.rowcount = -1
        self._rows = iter(())

    def execute(self, query, params=None):
        sql, values = _numbered(query, params)
        answer = self.connection._run(sql, values)
        casts = [_CASTS.get(column["type"], str) for column in answer["columns"]]
        self.description = [(column["name"], column["type"]) for column in answer["columns"]] or None
        self.rowcount = answer["count"]
        self._rows = iter(
            [tuple(None if value is None else cast(value) for cast, value in zip(casts, row)) for row in answer["rows"]]
        )
        return self

    def executemany(self, query, many):
        for params in many:
            self.execute(query, params)

    def fetchone(self):
        return next(self._rows, None)

    def fetchall(self):
        return list(self._rows)

    def fetchmany(self, size=100):
        return [row for row, _ in zip(self._rows, range(size))]

    def close(self):
        self._rows = iter(())

    def __iter__(self):
        return self._rows

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _numbered(query, params):
    """`%s` and `%%` as psycopg reads them, for a protocol that numbers its parameters."""
    if params is None:
        return query, []
    count = 0

    def replace(match):
        nonlocal count
        if match[0] == "%%":
            return "%"
        count += 1
        return f"${count}"

    sql = re.sub(r"%s|%%", replace, query)
    if count != len(params):
        raise ProgrammingError(f"the query has {count} placeholders but {len(params)} parameters were passed")
    return sql, [None if value is None else str(value) if not isinstance(value, bool) else value for value in params]
