"""The loop that cuts FIX messages out of bytes, against a plain split of the same text."""

from __future__ import annotations

import random

import pytest

from tcakit.feeds.fix_messages import read_messages, starts_message

TAGS = (8, 35, 49, 11, 38, 58, 96, 137)


def built(fields: list[tuple[int, str]], mark: str = "\x01", length: int = 0, check: int = 0) -> bytes:
    body = "".join(f"{tag}={value}\x01" for tag, value in fields)
    whole = f"8=FIX.4.4\x019={len(body.encode('latin-1')) + length}\x01{body}"
    total = (sum(whole.encode("latin-1")) + check) % 256
    return f"{whole}10={total:03d}\x01".replace("\x01", mark).encode("latin-1")


def rows(log: bytes, **options: int) -> tuple[list[dict], list[str]]:
    frames, troubles = [], []
    for table in read_messages(log, TAGS, (1, 12), **options):
        frames += table.frame.to_dicts()
        troubles += [trouble.reason for trouble in table.troubles]
    return frames, troubles


def test_random_messages_come_out_as_a_plain_split_gives_them():
    chance = random.Random(3)
    for mark in ("\x01", "|"):
        log, wanted = b"", []
        for number in range(60):
            fields = [(35, chance.choice("8DG")), (49, "A" * chance.randint(1, 4)), (11, str(number))]
            fields += [(chance.choice((1, 6, 44, 5000, 70000, 123456)), "x=y" * chance.randint(0, 3))]
            fields += [(38, str(chance.randrange(10**6)))] if chance.random() < 0.7 else []
            chance.shuffle(fields)
            bad = (chance.random() < 0.2, chance.random() < 0.2)
            log += chance.choice((b"", b"12:00 IN ", b"=8=", b"\n\n"))
            log += built(fields, mark, *map(int, bad)) + b"\n" * chance.randint(0, 2)
            given = dict(fields)
            wanted.append((given[35], given[11], given.get(38), not any(bad)))
        for block_bytes in (64, 1 << 20):
            found, troubles = rows(log, block_bytes=block_bytes)
            assert [(row["35"], row["11"], row["38"], row["sound"]) for row in found] == wanted
            assert troubles == []


@pytest.mark.parametrize(
    ("log", "count", "troubles"),
    [
        (b"", 0, []),
        (b"8=FIX", 0, []),
        (b"8=FIX.4.4", 0, []),
        (b"8=FIX.4.4\x019=", 0, ["cut short: no CheckSum ends it"]),
        (b"8=FIX.4.4\x019=5\x0135=0\x0110=0", 0, ["cut short: no CheckSum ends it"]),
        (b"8=FIX.4.4\x019=5\x0135=0\x0110=001", 1, []),
        (b"58=FIX.4.4\x019=5\x0135=0\x0110=001\x01", 0, []),
        (b"8=FIX.4.4 9=5 35=0 10=001 ", 0, []),
        (b"8=FIX.4.4\x019=5\x0135=0\x01what\x0110=001\x01", 0, ["a field without a tag"]),
        (b"8=FIX.4.4|9=5|35=0|58=a|b|10=001|", 1, []),
        (b"8=FIX.4.4\x019=5\x0135=0\x018=FIX.4.4\x019=5\x0135=0\x0110=001\x01", 1, ["cut short: no CheckSum ends it"]),
        (b"8=FIX.4.4\x019=5\x0135=0\x0135=0\x0110=001\x01", 0, ["a tag that may stand once stands twice"]),
        (b"8=FIX.4.4\x019=999999999999\x0135=0\x0110=001\x01", 1, []),
        (b"8=FIX.4.4\x019=5\x0195=999999999\x0196=abc\x0110=001\x01", 1, []),
        (b"8=FIXT.1.1\x019=5\x0135=0\x0110=001\x01" + b"8=FIX.5.0SP2\x019=5\x0135=0\x0110=001\x01", 2, []),
    ],
)
def test_edges(log: bytes, count: int, troubles: list[str]):
    for block_bytes in (3, 1 << 20):
        found, told = rows(log, block_bytes=block_bytes)
        assert (len(found), told) == (count, troubles)


def test_values_keep_what_they_hold():
    log = built([(35, "8"), (95, "7"), (96, "a\x0138=9\n"), (38, "5"), (58, 'caf\xe9 # "q"')])
    (row,), _ = rows(log)
    assert (row["38"], row["96"], row["sound"]) == ("5", "a 38=9 ", True)
    assert row["58"].startswith("caf")
    (row,), _ = rows(b"8=FIX.4.4|9=5|35=0|58=a|b|38=1|10=001|")
    assert (row["58"], row["38"]) == ("a|b", "1")


def test_parties_and_fees_of_groups():
    parties = [(453, "2"), (448, "GS"), (452, "1"), (448, "bob"), (452, "12"), (448, "x"), (452, "999")]
    (row,), _ = rows(built([(35, "8"), *parties, (137, "1.5"), (137, "2")]))
    assert (row["party_1"], row["party_12"], row["137"]) == ("GS", "bob", "1.5;2")


def test_a_start_is_known_by_its_separator():
    assert starts_message(b"x 8=FIX.4.2^A9=12^A")
    assert not starts_message(b"108=FIX.4.2|9=12|")
