import { daemonNote, fluoro, type Guide, type Places, type Step, withDaemon } from "./guide";

const FLASK = `from aws_xray_sdk.core import patch_all, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask

patch_all()  # traces boto3, requests, database drivers

app = Flask(__name__)
xray_recorder.configure(service="shop")
XRayMiddleware(app, xray_recorder)


@app.get("/")
def hello():
    with xray_recorder.in_subsegment("think") as part:
        part.put_annotation("customer", "ada")
    return "hello"
`;

const DJANGO = `INSTALLED_APPS = [
    # …
    "aws_xray_sdk.ext.django",
]

MIDDLEWARE = [
    "aws_xray_sdk.ext.django.middleware.XRayMiddleware",  # the first, so that it sees all
    # …
]

XRAY_RECORDER = {
    "AWS_XRAY_TRACING_NAME": "shop",
    "PATCH_MODULES": ["boto3", "requests"],  # those of them that you use
}
`;

const SCRIPT = `from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="nightly", sampling=False)  # every run is traced

with xray_recorder.in_segment("nightly"):
    with xray_recorder.in_subsegment("clean up") as part:
        part.put_annotation("rows", 42)
`;

const FUNCTION = `from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()  # traces boto3 and what else the function calls


def handler(event, context):
    with xray_recorder.in_subsegment("think") as part:
        part.put_annotation("customer", "ada")
    return {"statusCode": 200, "body": "hello"}
`;

export const python: Guide = {
  id: "python",
  label: "Python",
  variants: [
    { id: "flask", label: "Flask", steps: flask },
    { id: "django", label: "Django", steps: django },
    { id: "script", label: "Script", steps: script },
    { id: "lambda", label: "Lambda", steps: inLambda },
  ],
};

function flask(places: Places): Step[] {
  return [
    { title: "Install the X-Ray SDK", code: "pip install aws-xray-sdk flask" },
    { title: "Trace the application", file: "app.py", code: FLASK },
    { title: "Run it", code: withDaemon(places, "flask run --port 5000"), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:5000/" },
  ];
}

function django(places: Places): Step[] {
  return [
    { title: "Install the X-Ray SDK", code: "pip install aws-xray-sdk django" },
    { title: "Add to the settings", file: "settings.py", code: DJANGO },
    { title: "Run it", code: withDaemon(places, "python manage.py runserver"), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:8000/" },
  ];
}

function script(places: Places): Step[] {
  return [
    { title: "Install the X-Ray SDK", code: "pip install aws-xray-sdk" },
    { title: "Open a segment around the work", file: "nightly.py", code: SCRIPT },
    { title: "Run it", code: withDaemon(places, "python nightly.py"), text: daemonNote(places) },
  ];
}

function inLambda(places: Places): Step[] {
  return [
    { title: "Trace what the function does", file: "src/app.py", code: FUNCTION },
    { title: "Name what it needs", file: "src/requirements.txt", code: "aws-xray-sdk\n" },
    { title: "Put it behind an API", file: "template.yaml", code: template("python3.12", "app.handler") },
    { title: "Deploy it", code: fluoro(places, "up template.yaml"), text: IN_FUNCTIONS },
    { title: "Call it", text: "With curl, at the URL that the command printed, followed by /hello." },
  ];
}

export const IN_FUNCTIONS =
  "A function finds the daemon, its credentials and the endpoints in its environment: nothing has to be set.";

/** A template of one traced function behind one traced API. */
export function template(runtime: string, handler: string): string {
  return `AWSTemplateFormatVersion: "2010-09-09"
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
      Runtime: ${runtime}
      Handler: ${handler}
      CodeUri: src
      Events:
        Get:
          Type: Api
          Properties:
            Path: /hello
            Method: get
`;
}
