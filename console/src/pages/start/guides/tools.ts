// Without an SDK: the command line, a template, OpenTelemetry.

import { AWS_VARIABLES, fluoro, type Guide, type Places, type Step } from "./guide";

const IDS = `NOW=$(date +%s)
TRACE=1-$(printf %08x "$NOW")-$(openssl rand -hex 12)`;

// Between single quotes of a shell, which end where a variable begins.
const DOCUMENT = `{"trace_id":"'$TRACE'","id":"'$(openssl rand -hex 8)'","name":"shop","start_time":'$NOW',"end_time":'$NOW.25'}`;

const TEMPLATE = `AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31

Globals:
  Api:
    TracingEnabled: true
  Function:
    Tracing: Active

Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return {"statusCode": 200, "body": "hello"}
      Events:
        Get:
          Type: Api
          Properties:
            Path: /hello
            Method: get
`;

export const commandLine: Guide = {
  id: "cli",
  label: "AWS CLI",
  variants: [
    { id: "aws", label: "aws", steps: awsCli },
    { id: "curl", label: "curl", steps: curl },
  ],
};

export const sam: Guide = { id: "sam", label: "SAM template", variants: [{ id: "up", label: "fluoro up", steps: up }] };

export const openTelemetry: Guide = {
  id: "opentelemetry",
  label: "OpenTelemetry",
  variants: [
    { id: "sdk", label: "SDK", steps: openTelemetrySdk },
    { id: "collector", label: "Collector", steps: collector },
    { id: "sampler", label: "X-Ray sampler", steps: sampler },
  ],
};

function awsCli(places: Places): Step[] {
  return [
    { title: "Point the AWS CLI here", code: AWS_VARIABLES(places), text: "Any credentials do." },
    { title: "Make a segment", code: `${IDS}\nSEGMENT='${DOCUMENT}'` },
    { title: "Send it", code: 'aws xray put-trace-segments --trace-segment-documents "$SEGMENT"' },
  ];
}

function curl(places: Places): Step[] {
  const quoted = DOCUMENT.replaceAll('"', '\\"');
  const send = `curl ${places.endpoint}/TraceSegments -d '{"TraceSegmentDocuments":["${quoted}"]}'`;
  return [{ title: "Send a segment", code: `${IDS}\n${send}`, text: "Unsigned, as any program can." }];
}

function up(places: Places): Step[] {
  return [
    { title: "Describe a traced API", file: "template.yaml", code: TEMPLATE },
    { title: "Deploy it", code: fluoro(places, "up template.yaml"), text: "It prints the API's URL." },
    { title: "Call it", text: "With curl, at the URL that the command printed, followed by /hello." },
  ];
}

/** What to do first where the server takes no OTLP. */
function otlpStep(places: Places): Step[] {
  return places.otlp
    ? []
    : [
        {
          title: "Let the server take OTLP",
          code: "fluoro serve --otlp-http 127.0.0.1:4318",
          text: "This one does not.",
        },
      ];
}

const otlpAt = (places: Places) => places.otlp ?? "http://127.0.0.1:4318";

function openTelemetrySdk(places: Places): Step[] {
  return [
    ...otlpStep(places),
    {
      title: "Point the SDK here",
      text: "Spans become segments, and everything that they say is kept. Trace ids of any kind will do.",
      code: `export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpAt(places)} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none OTEL_SERVICE_NAME=shop`,
    },
    {
      title: "Run your program",
      text: "With its instrumentation, as ever: opentelemetry-instrument python shop.py, for example.",
    },
  ];
}

function collector(places: Places): Step[] {
  const config = `receivers:
  otlp:
    protocols:
      grpc:

exporters:
  otlphttp:
    endpoint: ${otlpAt(places)}

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlphttp]
`;
  return [
    ...otlpStep(places),
    {
      title: "Let a Collector send what it takes",
      text: "SDKs that speak gRPC send to it, at port 4317.",
      file: "collector.yaml",
      code: config,
    },
    { title: "Run it", code: "otelcol --config collector.yaml" },
    { title: "Point your SDK at it", code: "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317" },
  ];
}

function sampler(places: Places): Step[] {
  return [
    {
      title: "Sample by this server's rules",
      text: "SDKs with the AWS X-Ray remote sampler (the AWS distributions have it) ask this server which requests to trace.",
      code: `export OTEL_TRACES_SAMPLER=xray\nexport OTEL_TRACES_SAMPLER_ARG=endpoint=http://${places.daemon},polling_interval=300`,
    },
    { title: "Send the spans", text: "As shown beside." },
  ];
}
