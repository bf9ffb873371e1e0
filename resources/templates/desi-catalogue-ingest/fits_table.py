"""A reader of FITS binary tables that needs nothing but the standard library.

Reads scalar columns and fixed texts of the first binary table (FITS standard 4.0, sections 3 and 7.3). Vector columns
are left out and named; compressed tables are refused.
"""

import struct

BLOCK = 2880
CARD = 80
# TFORM code: (struct code, bytes, PostgreSQL type)
FORMATS = {
    "L": ("c", 1, "boolean"),
    "B": ("B", 1, "smallint"),
    "I": ("h", 2, "smallint"),
    "J": ("i", 4, "integer"),
    "K": ("q", 8, "bigint"),
    "E": ("f", 4, "real"),
    "D": ("d", 8, "double precision"),
}


def _header(stream):
    """The cards of the next header as a dictionary; None at the end of the file."""
    cards = {}
    while True:
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            return None
        for at in range(0, BLOCK, CARD):
            card = block[at : at + CARD].decode("ascii", "replace")
            key = card[:8].rstrip()
            if key == "END":
                return cards
            if card[8:10] == "= ":
                cards[key] = _value(card[10:])


def _value(text):
    text = text.strip()
    if text.startswith("'"):
        end = 1
        while end < len(text) and (text[end] != "'" or text[end : end + 2] == "''"):
            end += 2 if text[end : end + 2] == "''" else 1
        return text[1:end].replace("''", "'").rstrip()
    text = text.split("/")[0].strip()
    if text in ("T", "F"):
        return text == "T"
    try:
        return int(text)
    except ValueError:
        try:
            return float(text.replace("D", "E"))
        except ValueError:
            return text


def _skip(stream, count):
    while count > 0:
        got = stream.read(min(count, 1 << 20))
        if not got:
            raise SystemExit("The FITS file ends in the middle of its data.")
        count -= len(got)


def _padded(count):
    return (count + BLOCK - 1) // BLOCK * BLOCK


def open_table(stream):
    """(columns, skipped, rows): columns as (name, PostgreSQL type, unit), and an iterator of tuples."""
    while True:
        header = _header(stream)
        if header is None:
            raise SystemExit("The file holds no binary table.")
        if header.get("ZTABLE"):
            raise SystemExit("Compressed FITS tables cannot be read; uncompress it with funpack.")
        if str(header.get("XTENSION", "")).strip() == "BINTABLE":
            return _table(stream, header)
        axes = [header.get(f"NAXIS{number}", 0) for number in range(1, header.get("NAXIS", 0) + 1)]
        size = abs(header.get("BITPIX", 8)) // 8 if axes else 0
        for axis in axes:
            size *= axis
        _skip(stream, _padded(size))


def _table(stream, header):
    columns, skipped, readers = [], [], []
    offset = 0
    for number in range(1, header["TFIELDS"] + 1):
        form = header[f"TFORM{number}"].strip()
        digits = len(form) - len(form.lstrip("0123456789"))
        repeat, code = int(form[:digits] or 1), form[digits]
        name = header.get(f"TTYPE{number}", f"column{number}").strip().lower()
        unit = str(header.get(f"TUNIT{number}", "") or "")
        zero = header.get(f"TZERO{number}", 0) or 0
        is_scaled = header.get(f"TSCAL{number}", 1) != 1 or zero not in (0,)
        if code == "A":
            columns.append((name, "text", unit))
            readers.append(_text_reader(offset, repeat))
            offset += repeat
            continue
        if code not in FORMATS or repeat != 1 or is_scaled:
            skipped.append(f"{name} ({form})")
            offset += repeat * (FORMATS[code][1] if code in FORMATS else {"C": 8, "M": 16, "P": 8, "Q": 16}.get(code, 1))
            if code == "X":
                offset += (repeat + 7) // 8 - repeat
            continue
        letter, size, kind = FORMATS[code]
        columns.append((name, kind, unit))
        readers.append(_number_reader(offset, letter, code))
        offset += size
    width, count = header["NAXIS1"], header["NAXIS2"]
    return columns, skipped, _rows(stream, width, count, readers)


def _text_reader(offset, length):
    return lambda row: row[offset : offset + length].split(b"\0")[0].decode("utf-8", "replace").rstrip()


def _number_reader(offset, letter, code):
    shape = struct.Struct(">" + letter)
    if code == "L":
        return lambda row: {b"T": True, b"F": False}.get(row[offset : offset + 1])
    return lambda row: shape.unpack_from(row, offset)[0]


def _rows(stream, width, count, readers):
    for _ in range(count):
        row = stream.read(width)
        if len(row) < width:
            raise SystemExit("The FITS file ends in the middle of its rows.")
        yield tuple(read(row) for read in readers)
