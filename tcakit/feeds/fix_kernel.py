"""Cut FIX messages out of a log's bytes, and write the fields that are wanted as one row of text a message."""

from __future__ import annotations

import numpy as np

from tcakit.jit import inline, jit

# What was found at a place where a message starts.
GOOD = 0
UNSOUND = 1  # good, but BodyLength or CheckSum are not those of its bytes
CUT_SHORT = 2  # no CheckSum before the next message starts
NO_TAG = 3  # a field without a tag
TWICE = 4  # a tag that may stand once stands twice

COLUMN_END, ROW_END = 1, 10
_EQUALS, _ZERO, _NINE = 61, 48, 57
_PARTY_ID, _PARTY_ROLE, _FEE = 448, 452, 137
_MOST_FEES = 32
_LONGEST_HEADER = len("8=FIXT.1.1SP2|9=")


@inline
def _digit(byte):
    return _ZERO <= byte <= _NINE


@inline
def _separator(byte):
    """SOH as it is sent, or what logs print in its place: | ; ~"""
    return byte == 1 or byte == 124 or byte == 59 or byte == 126


@inline
def _is_start(data, at):
    """8=FIX with no digit before it (58=FIX... is a text)."""
    return (
        at + 5 <= len(data)
        and data[at] == 56
        and data[at + 1] == 61
        and data[at + 2] == 70
        and data[at + 3] == 73
        and data[at + 4] == 88
        and (at == 0 or not _digit(data[at - 1]))
    )


@inline
def _header(data, at):
    """Where the value of BodyLength starts in `8=FIX.4.2|9=...`; -1 if this is no header, -2 if it is torn."""
    place = at + 5
    size = len(data)
    if place < size and data[place] == 84:  # FIXT
        place += 1
    if place + 4 <= size:
        if data[place] != 46 or not _digit(data[place + 1]) or data[place + 2] != 46 or not _digit(data[place + 3]):
            return -1
        place += 4
        if place + 3 <= size and data[place] == 83 and data[place + 1] == 80 and _digit(data[place + 2]):
            place += 3
        if place + 3 <= size:
            if _separator(data[place]) and data[place + 1] == _NINE and data[place + 2] == _EQUALS:
                return place + 3
            return -1
    return -2


@inline
def _number(data, start, stop):
    """A whole number of at most nine digits, -1 if it is none."""
    if stop <= start or stop - start > 9:
        return -1
    value = 0
    for at in range(start, stop):
        if not _digit(data[at]):
            return -1
        value = value * 10 + int(data[at]) - _ZERO
    return value


@inline
def _write(data, start, stop, out, at):
    """Copy a value; what would break the row becomes a blank."""
    for place in range(start, stop):
        byte = data[np.uint64(place)]
        out[np.uint64(at)] = 32 if byte == COLUMN_END or byte == ROW_END or byte == 13 else byte
        at += 1
    return at


@inline
def _sum(data, start, stop):
    total = np.int64(0)
    for at in range(start, stop):
        total += np.int64(data[np.uint64(at)])
    return total


@inline
def _line_ends(data, start, stop):
    count = np.int64(0)
    for at in range(start, stop):
        count += np.int64(data[np.uint64(at)] == ROW_END)
    return count


@jit
def cut_messages(data, slots, once, data_tags, role_slots, fee_slot, longest, last, out, info, used):
    """Cut a block into messages.

    `slots` gives each wanted tag its column (-1 else), `once` whether a column may be given once only, `data_tags`
    the data field that a length field announces, `role_slots` the column of a party by its role, `fee_slot` that of
    the fees of a group. Written are rows of columns to `out`, and start, end, result and lines before the message to
    `info`; rows are written for good messages only, and `used` tells which columns hold anything. Gives messages,
    bytes written, where the unfinished rest starts, and the number of line ends before it.
    """
    size = len(data)
    columns = len(once)
    starts = np.empty(columns, np.int64)
    stops = np.empty(columns, np.int64)
    fees = np.empty((_MOST_FEES, 2), np.int64)
    count = written = lines = at = 0
    while at < size:
        if at + 5 > size and not last:
            # What may be half a mark waits for the next block, with the byte before it.
            if at > 0:
                at -= 1
                lines -= data[at] == ROW_END
            return count, written, at, lines
        if not _is_start(data, at):
            lines += data[at] == ROW_END
            at += 1
            continue
        body = _header(data, at)
        if body == -1:
            at += 1
            continue
        if body == -2:
            if not last:
                return count, written, at, lines
            at += 1
            continue
        separator = data[body - 3]
        if count == len(info):
            return count, written, at, lines
        # --- its fields ---------------------------------------------------------------------------------------
        for column in range(columns):
            starts[column] = -1
        fee_count = 0
        result = GOOD
        doubled = False
        torn = False
        party_start = party_stop = -1
        announced_tag, announced_size = 0, -1
        declared, separators = -1, 1
        last_column = -1
        body_start = -1
        end = -1  # where the tag of CheckSum stands
        if slots[8] >= 0:
            starts[slots[8]] = at + 2
            stops[slots[8]] = body - 3
        place = body - 2
        first = True
        while True:
            # A tag, and where its value starts.
            tag, value_start = 0, -1
            cursor = place
            while cursor < size and _digit(data[cursor]) and cursor - place < 6:
                tag = tag * 10 + int(data[cursor]) - _ZERO
                cursor += 1
            if cursor >= size:
                torn = True
                break
            if cursor > place and data[cursor] == _EQUALS:
                value_start = cursor + 1
            if tag == 10 and value_start > 0:
                if value_start + 3 > size:
                    torn = True
                else:
                    end = place
                break
            if (tag == 8 or tag == 9) and value_start > 0 and not first:
                result = CUT_SHORT
                break
            # Its end: the next separator, or what the length field before it says, if a separator stands there.
            stop = -1
            if value_start > 0 and announced_tag == tag and announced_size >= 0:
                if value_start + announced_size >= size:
                    torn = not last and announced_size < longest
                    if torn:
                        break
                elif data[value_start + announced_size] == separator:
                    stop = value_start + announced_size
            announced_tag, announced_size = 0, -1
            if stop < 0:
                stop = place if value_start < 0 else value_start
                inner = False
                while stop < size:
                    byte = data[np.uint64(stop)]
                    if byte == separator:
                        break
                    # The header of another message: this one was never ended. It is known by its =, which values
                    # seldom hold.
                    if byte == _EQUALS and stop - 1 > place and _is_start(data, stop - 1):
                        body = _header(data, stop - 1)
                        if body > 0 and data[body - 3] == separator:
                            inner = True
                            break
                    stop += 1
                if inner:
                    result = CUT_SHORT
                    break
                if stop >= size:
                    torn = True
                    break
            separators += 1
            if value_start < 0:
                if stop > place:
                    if separator == 1:
                        result = NO_TAG
                    elif last_column >= 0:
                        # A printable separator inside a text: the value goes on.
                        stops[last_column] = stop
            elif tag < len(slots):
                column = slots[tag]
                last_column = column
                if column >= 0:
                    if starts[column] >= 0 and once[column]:
                        doubled = True
                    starts[column] = value_start
                    stops[column] = stop
                if tag == _PARTY_ID:
                    party_start, party_stop = value_start, stop
                elif tag == _PARTY_ROLE:
                    role = _number(data, value_start, stop)
                    if 0 <= role < len(role_slots) and role_slots[role] >= 0 and party_start >= 0:
                        starts[role_slots[role]] = party_start
                        stops[role_slots[role]] = party_stop
                elif tag == _FEE and fee_count < _MOST_FEES:
                    fees[fee_count, 0] = value_start
                    fees[fee_count, 1] = stop
                    fee_count += 1
                elif tag == 9:
                    declared = _number(data, value_start, stop)
                    body_start = stop + 1
                elif data_tags[tag] > 0:
                    announced_tag = data_tags[tag]
                    announced_size = _number(data, value_start, stop)
            else:
                last_column = -1
            first = False
            place = stop + 1
            if place - at > longest:
                result = CUT_SHORT
                break
        if torn:
            if not last and size - at < longest:
                return count, written, at, lines
            result = CUT_SHORT
        # --- what it came to ----------------------------------------------------------------------------------
        if result == CUT_SHORT:
            # Go on at the next header, wherever it stands; what may be half of one waits for the next block.
            end = at + 5
            while end < size and not (_is_start(data, end) and _header(data, end) > 0):
                if not last and size - end < _LONGEST_HEADER and data[end] == 56:
                    break
                end += 1
            stop = end
        else:
            stop = end + 6
            if doubled and result == GOOD:
                result = TWICE
            if result == GOOD:
                # Both are reckoned as if the separators were the single byte 1 that was sent.
                total = _sum(data, at, end) - separators * (np.int64(separator) - 1)
                sound = declared == end - body_start and _number(data, end + 3, end + 6) == total % 256
                result = GOOD if sound else UNSOUND
        info[count, 0] = at
        info[count, 1] = end
        info[count, 2] = result
        info[count, 3] = lines
        count += 1
        if result == GOOD or result == UNSOUND:
            for column in range(columns):
                if column > 0:
                    out[written] = COLUMN_END
                    written += 1
                if column == fee_slot:
                    used[column] |= fee_count > 0
                    for fee in range(fee_count):
                        if fee > 0:
                            out[written] = 59
                            written += 1
                        written = _write(data, fees[fee, 0], fees[fee, 1], out, written)
                elif starts[column] >= 0:
                    used[column] = True
                    written = _write(data, starts[column], stops[column], out, written)
            out[written] = ROW_END
            written += 1
        stop = min(stop, size)
        lines += _line_ends(data, at, stop)
        at = stop
    return count, written, size, lines
