"""Packs CSV files into the bundled sets: one NAME.bin beside this script for each NAME.csv given.

    python make.py iris.csv wine.csv ..       (standard library only)

A set is a header in text and then a string of bits. The header's first line is the number of rows; each
further line is a column, its fields separated by tabs; an empty line ends it:

    number  NAME  DECIMALS     BASE  WIDTH  COMMON
    text    NAME  LEVEL|LEVEL  BASE  WIDTH  COMMON

Behind it lie the columns one after another, each cell a whole number n in WIDTH bits, lowest bit first:
the cell is BASE + n, divided by 10^DECIMALS or as the place of a level. If COMMON is not `none`, a bit
comes first: 0 is the common cell (`empty` or that whole number), 1 is followed by the WIDTH bits.
The last byte is filled with zeros. Decimals are kept exactly: a division of two whole numbers below 2^53
rounds to the same f64 as the decimal itself.
"""

import collections
import csv
import decimal
import pathlib
import sys

# Whole numbers that name a class.
CLASSES = {("digits", "target")}


def is_number(text):
    try:
        return decimal.Decimal(text).is_finite()
    except decimal.InvalidOperation:
        return False


def pack(cells):
    """The whole numbers (None: empty) as header fields and bits, by the shorter of both ways."""
    counts = collections.Counter(cells)
    common, _ = counts.most_common(1)[0]
    ways = [common]
    if None in counts:
        ways = [None]
    else:
        ways.append("none")
    best = None
    for way in ways:
        rest = [c for c in cells if c != way] or [0]
        base, width = min(rest), (max(rest) - min(rest)).bit_length()
        bits = []
        for c in cells:
            if way != "none":
                bits.append(int(c != way))
            if c != way:
                bits.extend((c - base) >> i & 1 for i in range(width))
        if best is None or len(bits) < len(best[1]):
            best = (f"{base}\t{width}\t{'empty' if way is None else way}", bits)
    return best


def column(set_name, name, texts):
    filled = [t for t in texts if t != ""]
    if all(map(is_number, filled)) and (set_name, name) not in CLASSES:
        values = [None if t == "" else decimal.Decimal(t).normalize() for t in texts]
        decimals = max(0, *(-v.as_tuple().exponent for v in values if v is not None))
        whole = [None if v is None else int(v.scaleb(decimals)) for v in values]
        assert all(w is None or abs(w) < 2**53 for w in whole)
        kind, third = "number", str(decimals)
    else:
        levels = list(dict.fromkeys(filled))
        assert not any("|" in level or "\t" in level for level in levels)
        whole = [None if t == "" else levels.index(t) for t in texts]
        kind, third = "text", "|".join(levels)
    fields, bits = pack(whole)
    return f"{kind}\t{name}\t{third}\t{fields}", bits


def make(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    lines, bits = [str(len(rows))], []
    for name, texts in zip(header, zip(*rows)):
        line, column_bits = column(path.stem, name, texts)
        lines.append(line)
        bits += column_bits
    packed = bytes(sum(bit << i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))
    content = ("\n".join(lines) + "\n\n").encode() + packed
    target = pathlib.Path(__file__).parent / f"{path.stem}.bin"
    target.write_bytes(content)
    print(f"{target.name}: {len(rows)} rows, {len(header)} columns, {len(content)} bytes")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        make(pathlib.Path(argument))
