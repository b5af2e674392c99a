#!/usr/bin/env python3
"""ClickHouse in this process, with the table of the OpenTelemetry collector's exporter: what `make bench-store` measures beside us.

    clickhouse.py DATA       # a JSON object a line on standard input, an answer a line on standard output

    {"make": ROWS, "into": FILE, "shift": SECONDS}     rows.jsonl of bench/tracegen as blocks of ClickHouse's own; in a process of its own
    {"take": FILE}                                     takes such blocks in, and waits until all is merged that will be
    {"ask": SQL}                                       how many milliseconds that took, and how many rows came

It has what a server of it would not: no network between, no protocol to read, and blocks that are ready. Nothing is synced.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from chdb.session import Session

# What a batch of the exporter may have at most.
BATCH_ROWS = 100_000

COLUMNS = {
    "Timestamp": "DateTime64(9) CODEC(Delta, ZSTD(1))",
    "TraceId": "String CODEC(ZSTD(1))",
    "SpanId": "String CODEC(ZSTD(1))",
    "ParentSpanId": "String CODEC(ZSTD(1))",
    "TraceState": "String CODEC(ZSTD(1))",
    "SpanName": "LowCardinality(String) CODEC(ZSTD(1))",
    "SpanKind": "LowCardinality(String) CODEC(ZSTD(1))",
    "ServiceName": "LowCardinality(String) CODEC(ZSTD(1))",
    "ResourceAttributes": "Map(LowCardinality(String), String) CODEC(ZSTD(1))",
    "ScopeName": "String CODEC(ZSTD(1))",
    "ScopeVersion": "String CODEC(ZSTD(1))",
    "SpanAttributes": "Map(LowCardinality(String), String) CODEC(ZSTD(1))",
    "Duration": "UInt64 CODEC(ZSTD(1))",
    "StatusCode": "LowCardinality(String) CODEC(ZSTD(1))",
    "StatusMessage": "String CODEC(ZSTD(1))",
    "Events.Timestamp": "Array(DateTime64(9)) CODEC(ZSTD(1))",
    "Events.Name": "Array(LowCardinality(String)) CODEC(ZSTD(1))",
    "Events.Attributes": "Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1))",
    "Links.TraceId": "Array(String) CODEC(ZSTD(1))",
    "Links.SpanId": "Array(String) CODEC(ZSTD(1))",
    "Links.TraceState": "Array(String) CODEC(ZSTD(1))",
    "Links.Attributes": "Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1))",
}
INDEXES = {
    "idx_trace_id": "TraceId TYPE bloom_filter(0.001)",
    "idx_res_attr_key": "mapKeys(ResourceAttributes) TYPE bloom_filter(0.01)",
    "idx_res_attr_value": "mapValues(ResourceAttributes) TYPE bloom_filter(0.01)",
    "idx_span_attr_key": "mapKeys(SpanAttributes) TYPE bloom_filter(0.01)",
    "idx_span_attr_value": "mapValues(SpanAttributes) TYPE bloom_filter(0.01)",
    "idx_duration": "Duration TYPE minmax",
}
TABLES = f"""
CREATE TABLE otel_traces ({", ".join(f"`{name}` {kind}" for name, kind in COLUMNS.items())},
    {", ".join(f"INDEX {name} {what} GRANULARITY 1" for name, what in INDEXES.items())})
    ENGINE MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp)) SETTINGS ttl_only_drop_parts = 1;
CREATE TABLE otel_traces_trace_id_ts (TraceId String CODEC(ZSTD(1)), Start DateTime CODEC(Delta, ZSTD(1)), End DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1)
    ENGINE MergeTree PARTITION BY toDate(Start) ORDER BY (TraceId, Start);
CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
    SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId;
"""


class ClickHouse:
    def __init__(self, data: Path):
        is_new = not data.exists()
        self.session = Session(str(data))
        self.session.query("CREATE DATABASE IF NOT EXISTS peer ENGINE = Atomic")
        self.session.query("USE peer")
        for statement in TABLES.strip().rstrip(";").split(";") if is_new else []:
            self.session.query(statement)

    def make(self, rows: str, into: str, shift: int) -> dict:
        kinds = {name: kind.split(" CODEC")[0] for name, kind in COLUMNS.items()}
        shifted = {
            "Timestamp": f"Timestamp + toIntervalSecond({shift}) AS Timestamp",
            "TraceId": f"concat(lower(hex(reinterpretAsUInt32(reverse(unhex(substring(TraceId, 1, 8)))) + {shift})), substring(TraceId, 9)) AS TraceId",
        }
        structure = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items()).replace("'", "\\'")
        self.session.query(
            f"SELECT {', '.join(shifted.get(name, f'`{name}`') for name in COLUMNS)} FROM file('{rows}', JSONEachRow, '{structure}') "
            f"INTO OUTFILE '{into}' TRUNCATE FORMAT Native SETTINGS max_block_size = {BATCH_ROWS}, max_threads = 1"
        )
        return {}

    def take(self, blocks: str) -> dict:
        began = time.monotonic()
        size = f"max_insert_block_size = {BATCH_ROWS}, min_insert_block_size_rows = {BATCH_ROWS}, min_insert_block_size_bytes = 0"
        self.session.query(f"INSERT INTO otel_traces SELECT * FROM file('{blocks}', Native) SETTINGS {size}, max_threads = 2, max_insert_threads = 2")
        taken = time.monotonic() - began
        while self.number("SELECT count() FROM system.merges"):
            time.sleep(0.1)
        return {
            "seconds": taken,
            "bytes": self.number("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'peer'"),
            "rows": self.number("SELECT count() FROM otel_traces"),
        }

    def ask(self, question: str) -> dict:
        began = time.perf_counter()
        answer = self.session.query(question, "JSONCompactEachRow").bytes()
        return {"took": (time.perf_counter() - began) * 1000, "rows": answer.count(b"\n")}

    def number(self, question: str) -> int:
        return int(self.session.query(question, "TSV").bytes())


def main() -> None:
    peer = ClickHouse(Path(sys.argv[1]))
    for line in sys.stdin:
        match json.loads(line):
            case {"make": rows, "into": into, "shift": shift}:
                answer = peer.make(rows, into, shift)
            case {"take": blocks}:
                answer = peer.take(blocks)
            case {"ask": question}:
                answer = peer.ask(question)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
