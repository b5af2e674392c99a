"""OpenTelemetry's AwsXRayRemoteSampler. Arguments: its endpoint, requests a second, paths; those with `fails` fail."""

import sys

from amazon.opentelemetry.distro.always_record_sampler import AlwaysRecordSampler
from amazon.opentelemetry.distro.sampler.aws_xray_remote_sampler import AwsXRayRemoteSampler
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import pace

resource = Resource.create({"service.name": "shop"})
sampler = AwsXRayRemoteSampler(resource=resource, endpoint=sys.argv[1], polling_interval=10)
sampler.set_span_exporter(InMemorySpanExporter())
# As the distribution wires it up: spans that are not sampled are seen all the same, and anomalies among them reported.
tracer = TracerProvider(resource=resource, sampler=AlwaysRecordSampler(sampler)).get_tracer("shop")


def decide(path: str) -> bool:
    attributes = {"http.method": "GET", "http.target": path, "http.host": "shop.test"}
    span = tracer.start_span("GET", kind=SpanKind.SERVER, attributes=attributes)
    span.set_attribute("http.status_code", 500 if "fails" in path else 200)
    span.end()
    sampler.adapt_sampling(span)
    return span.get_span_context().trace_flags.sampled


pace.run(sys.argv[3:], int(sys.argv[2]), decide)
