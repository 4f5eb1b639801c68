"""Tables of the firm's own rows; every file's rows are kept whole, and which of them stand is worked out on reading."""

from __future__ import annotations

from tcakit.market.schema import FILLS, ORDERS, PARENTS

FIRM_TABLES = {table.name: table for table in (PARENTS, ORDERS, FILLS)}
FIRM_FORMATS = ("blotter", "fix")
