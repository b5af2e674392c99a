import { daemonNote, fluoro, type Guide, type Places, type Step, withDaemon } from "./guide";
import { IN_FUNCTIONS, template } from "./python";

const EXPRESS = `const AWSXRay = require("aws-xray-sdk");
const express = require("express");

AWSXRay.captureHTTPsGlobal(require("http")); // traces the calls that the application makes
AWSXRay.captureHTTPsGlobal(require("https"));

const app = express();
app.use(AWSXRay.express.openSegment("shop"));
app.get("/", (request, response) => {
  AWSXRay.captureFunc("think", (part) => part.addAnnotation("customer", "ada"));
  response.send("hello");
});
app.use(AWSXRay.express.closeSegment()); // after the routes

app.listen(3000);
`;

const FUNCTION = `const AWSXRay = require("aws-xray-sdk-core");

// For clients of the AWS SDK: AWSXRay.captureAWSv3Client(new DynamoDBClient({}))
exports.handler = async () => {
  AWSXRay.captureFunc("think", (part) => part.addAnnotation("customer", "ada"));
  return { statusCode: 200, body: "hello" };
};
`;

const PACKAGE = `{
  "name": "hello",
  "private": true,
  "dependencies": { "aws-xray-sdk-core": "^3.12.0" }
}
`;

export const node: Guide = {
  id: "node",
  label: "Node.js",
  variants: [
    { id: "express", label: "Express", steps: express },
    { id: "lambda", label: "Lambda", steps: inLambda },
  ],
};

function express(places: Places): Step[] {
  return [
    { title: "Install the X-Ray SDK", code: "npm install aws-xray-sdk express" },
    { title: "Trace the application", file: "app.js", code: EXPRESS },
    { title: "Run it", code: withDaemon(places, "node app.js"), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:3000/" },
  ];
}

function inLambda(places: Places): Step[] {
  return [
    { title: "Trace what the function does", file: "src/app.js", code: FUNCTION },
    { title: "Name what it needs", file: "src/package.json", code: PACKAGE },
    { title: "Put it behind an API", file: "template.yaml", code: template("nodejs20.x", "app.handler") },
    { title: "Deploy it", code: fluoro(places, "up template.yaml"), text: IN_FUNCTIONS },
    { title: "Call it", text: "With curl, at the URL that the command printed, followed by /hello." },
  ];
}
