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

function collector(places: Places): Step[] {
  const config = `receivers:
  otlp:
    protocols:
      grpc:
      http:

exporters:
  awsxray:
    endpoint: ${places.endpoint}
    region: us-east-1
    local_mode: true

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [awsxray]
`;
  return [
    {
      title: "Let a Collector translate",
      text: "This version takes X-Ray segments, not OTLP. A Collector with the awsxray exporter (otelcol-contrib, or the AWS distribution) takes OTLP from your SDKs and sends segments here.",
      file: "collector.yaml",
      code: config,
    },
    {
      title: "Run it",
      code: "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test otelcol-contrib --config collector.yaml",
      text: "Any credentials do.",
    },
    {
      title: "Point your SDK at the Collector",
      text: "X-Ray's trace ids begin with the time. Have the SDK make them so where it can; in Python that is OTEL_PYTHON_ID_GENERATOR=xray.",
      code: "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
    },
  ];
}

function sampler(places: Places): Step[] {
  return [
    {
      title: "Sample by this server's rules",
      text: "SDKs with the AWS X-Ray remote sampler (the AWS distributions have it) ask this server which requests to trace.",
      code: `export OTEL_TRACES_SAMPLER=xray\nexport OTEL_TRACES_SAMPLER_ARG=endpoint=http://${places.daemon},polling_interval=300`,
    },
    { title: "Send the spans", text: "Through a Collector, as shown beside." },
  ];
}
