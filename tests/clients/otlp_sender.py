"""OpenTelemetry's SDK for Python, unmodified, with its OTLP/HTTP exporter: `otlp_sender.py ENDPOINT gzip|none`.

Makes one trace of two services, flushes, and prints its id and whether everything was exported.
"""

import json
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags


class Remembering(SpanExporter):
    """Hands on, and remembers what came of it."""

    def __init__(self, exporter: SpanExporter):
        self.exporter = exporter
        self.results: list[SpanExportResult] = []

    def export(self, spans):
        self.results.append(self.exporter.export(spans))
        return self.results[-1]

    def shutdown(self):
        self.exporter.shutdown()


def main() -> None:
    endpoint, compression = sys.argv[1:]
    exporter = Remembering(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=Compression(compression)))

    def tracer(service: str) -> trace.Tracer:
        provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": "7"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return provider.get_tracer("shop.tracing", "1.2.0")

    shop, stock = tracer("shop"), tracer("stock")
    elsewhere = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1))
    served = {"http.request.method": "GET", "url.full": "http://shop.test/cart/7", "http.response.status_code": 200, "enduser.id": "ada"}
    with shop.start_as_current_span("GET /cart/{id}", kind=SpanKind.SERVER, attributes=served, links=[Link(elsewhere, {"why": "batch"})]) as root:
        with shop.start_as_current_span("price the cart") as work:
            work.set_attribute("lines", [1, 2, 3])
            work.add_event("cache miss", {"key": "cart-7"})
        asked = {"http.request.method": "GET", "url.full": "http://stock.test/7", "server.address": "stock.test"}
        with shop.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=asked):
            try:
                with stock.start_as_current_span("GET /{id}", kind=SpanKind.SERVER, attributes={"http.response.status_code": 500}):
                    raise KeyError("no such item")
            except KeyError:
                pass
    told = {"trace": f"{root.get_span_context().trace_id:032x}", "spans": len(exporter.results)}
    exporter.shutdown()
    print(json.dumps(told | {"exported": all(result is SpanExportResult.SUCCESS for result in exporter.results)}))


main()
