import{$n as e,Dn as t,Dr as n,Er as r,Go as i,Or as a,R as o,Tr as s,Wo as c,Za as l,_t as ee,a as u,bn as d,br as f,g as te,gt as ne,mn as re,mt as p,no as ie,pn as m,sn as h,so as g,un as _,wo as v,yr as y}from"./index-B7QFBSJW.js";import{t as ae}from"./key-value-pairs-p1HJQKqZ.js";import{t as oe}from"./tabs-D73-RJXB.js";import{n as se,t as b}from"./doctor-D5ZW4koA.js";import{t as x}from"./snippet-B44l07Hh.js";function ce({daemon:e,endpoint:t,otlp_http:n},r){let i=e=>e.replace(/(^|\/\/)(0\.0\.0\.0|\[::\])(?=:)/,`$1${r}`),a={daemon:i(e),endpoint:i(t)};return n?{...a,otlp:`http://${i(n)}`}:a}var S=i(c(),1);function le(e,n){let r=({door:e,client:t,class:n,cause:r})=>[e,t,n,r].join(`
`),i=new Map(e.map(e=>[r(e),e.count]));return n.filter(e=>t(e)===`lost`||e.class===`unsampled`).map(e=>({...e,count:e.count-(i.get(r(e))??0)})).filter(({count:e})=>e>0)}var C=v(),w=1500;async function T(e,t){let n={StartTime:Math.floor(e),EndTime:_(h()+60),TimeRangeType:`Event`},{TraceSummaries:r=[]}=await l(o,n,t);return[...r].sort((e,t)=>(t.StartTime??0)-(e.StartTime??0))}function E(){let[e,t]=(0,S.useState)(h),[n,r]=(0,S.useState)(new Set),i=g({queryKey:[`start`,`traces`,e],queryFn:({signal:t})=>T(e,t),refetchInterval:w}),a=g({...b,queryKey:[`start`,`doctor`,e],staleTime:1/0}),o=g({...b,refetchInterval:w}),s=a.data&&o.data?le(a.data.lines,o.data.lines):[];if(i.isError)return(0,C.jsx)(y,{what:`Whether a trace has come in could not be read`,error:i.error});let c=(i.data??[]).filter(({Id:e})=>!n.has(e));return(0,C.jsx)(`div`,{role:`status`,children:(0,C.jsxs)(p,{size:`s`,children:[c.length>0?(0,C.jsx)(k,{traces:c,onAgain:()=>{r(new Set(c.map(({Id:e})=>e))),t(h())}}):(0,C.jsx)(D,{held:a.data?.held.traces??0}),s.length>0&&(0,C.jsx)(A,{troubles:s})]})})}function D({held:e}){return(0,C.jsxs)(a,{type:`info`,header:e>0?`Waiting for the next trace`:`Waiting for your first trace`,children:[(0,C.jsx)(s,{}),` What your program sends shows up here as soon as it is received.`,` `,e>0&&(0,C.jsxs)(u,{to:`/traces`,children:[`Show the `,m(e),` `,e===1?`trace`:`traces`,` that are here`]})]})}var O=5;function k({traces:e,onAgain:t}){return(0,C.jsx)(a,{type:`success`,header:e.length===1?`Received a trace`:`Received ${m(e.length)} traces`,action:(0,C.jsx)(r,{onClick:t,children:`Wait for another`}),children:e.slice(0,O).map(({Id:e=``,Http:t,EntryPoint:n,Duration:r})=>(0,C.jsxs)(`div`,{children:[(0,C.jsx)(u,{to:`/traces/$traceId`,params:{traceId:e},children:e}),` `,t?.HttpURL?`${t.HttpMethod??``} ${t.HttpURL}`.trim():n?.Name,r!==void 0&&`, ${re(d(r))}`]},e))})}function A({troubles:e}){return(0,C.jsx)(a,{type:`warning`,header:`Something came in, but became no trace`,children:(0,C.jsxs)(p,{size:`xs`,children:[e.map(({client:e,class:t,cause:r,count:i,mend:a})=>(0,C.jsxs)(n,{children:[m(i),` from `,(0,C.jsx)(n,{variant:`code`,children:e}),`: `,r,a&&` – ${a}`]},`${e} ${t} ${r}`)),(0,C.jsx)(u,{to:`/doctor`,children:`Ask the doctor`})]})})}var j=`127.0.0.1:2000`,M=`http://127.0.0.1:4566`;function N(e,t){return`AWS_XRAY_DAEMON_ADDRESS=${e.daemon} ${t}`}function P(e){return e.daemon===j?`The address is also the SDK's default; the variable may be left out.`:`This server's daemon listens at another address than the SDK's default, so the SDK has to be told.`}function F(e,t){return e.endpoint===M?`fluoro ${t}`:`fluoro --endpoint ${e.endpoint} ${t}`}var I=e=>`export AWS_ENDPOINT_URL=${e.endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1`,L=`<dependency>
  <groupId>com.amazonaws</groupId>
  <artifactId>aws-xray-recorder-sdk-core</artifactId>
  <version>2.15.1</version>
</dependency>
`,R=`import com.amazonaws.xray.AWSXRay;

public class Shop {
    public static void main(String[] arguments) throws InterruptedException {
        AWSXRay.beginSegment("shop");
        AWSXRay.createSubsegment("think", part -> {
            part.putAnnotation("customer", "ada");
        });
        AWSXRay.endSegment();
        Thread.sleep(500); // segments are sent by another thread
    }
}
`,z=`import com.amazonaws.xray.jakarta.servlet.AWSXRayServletFilter;
import jakarta.servlet.Filter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration
public class Tracing {
    @Bean
    public Filter tracing() {
        return new AWSXRayServletFilter("shop");
    }
}
`,B=`package main

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-xray-sdk-go/xray"
)

func main() {
	shop := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		_ = xray.Capture(request.Context(), "think", func(part context.Context) error {
			return xray.AddAnnotation(part, "customer", "ada")
		})
		_, _ = io.WriteString(response, "hello")
	})
	_ = http.ListenAndServe("127.0.0.1:8080", xray.Handler(xray.NewFixedSegmentNamer("shop"), shop))
}
`,V=`using Amazon.XRay.Recorder.Core;

var app = WebApplication.CreateBuilder(args).Build();
app.UseXRay("shop");
app.MapGet("/", () =>
{
    AWSXRayRecorder.Instance.TraceMethod("think", () =>
        AWSXRayRecorder.Instance.AddAnnotation("customer", "ada"));
    return "hello";
});
app.Run("http://127.0.0.1:5000");
`,H={id:`java`,label:`Java`,variants:[{id:`program`,label:`Program`,steps:ue},{id:`spring`,label:`Spring Boot`,steps:de}]},U={id:`go`,label:`Go`,variants:[{id:`http`,label:`net/http`,steps:fe}]},W={id:`dotnet`,label:`.NET`,variants:[{id:`aspnet`,label:`ASP.NET Core`,steps:pe}]};function ue(e){return[{title:`Add the X-Ray SDK`,file:`pom.xml`,code:L},{title:`Open a segment around the work`,file:`src/main/java/Shop.java`,code:R},{title:`Run it`,code:N(e,`mvn compile exec:java -Dexec.mainClass=Shop`),text:P(e)}]}function de(e){return[{title:`Add the X-Ray SDK`,file:`pom.xml`,code:L},{title:`Trace every request`,file:`src/main/java/Tracing.java`,code:z},{title:`Run it`,code:N(e,`mvn spring-boot:run`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:8080/`}]}function fe(e){return[{title:`Add the X-Ray SDK`,code:`go mod init shop
go get github.com/aws/aws-xray-sdk-go/xray`},{title:`Trace every request`,file:`main.go`,code:B},{title:`Run it`,code:N(e,`go run .`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:8080/`}]}function pe(e){return[{title:`Add the X-Ray SDK`,code:`dotnet add package AWSXRayRecorder.Handlers.AspNetCore`},{title:`Trace every request`,file:`Program.cs`,code:V},{title:`Run it`,code:N(e,`dotnet run`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:5000/`}]}var me=`from aws_xray_sdk.core import patch_all, xray_recorder
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
`,he=`INSTALLED_APPS = [
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
`,ge=`from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="nightly", sampling=False)  # every run is traced

with xray_recorder.in_segment("nightly"):
    with xray_recorder.in_subsegment("clean up") as part:
        part.put_annotation("rows", 42)
`,_e=`from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()  # traces boto3 and what else the function calls


def handler(event, context):
    with xray_recorder.in_subsegment("think") as part:
        part.put_annotation("customer", "ada")
    return {"statusCode": 200, "body": "hello"}
`,ve={id:`python`,label:`Python`,variants:[{id:`flask`,label:`Flask`,steps:ye},{id:`django`,label:`Django`,steps:be},{id:`script`,label:`Script`,steps:xe},{id:`lambda`,label:`Lambda`,steps:Se}]};function ye(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk flask`},{title:`Trace the application`,file:`app.py`,code:me},{title:`Run it`,code:N(e,`flask run --port 5000`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:5000/`}]}function be(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk django`},{title:`Add to the settings`,file:`settings.py`,code:he},{title:`Run it`,code:N(e,`python manage.py runserver`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:8000/`}]}function xe(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk`},{title:`Open a segment around the work`,file:`nightly.py`,code:ge},{title:`Run it`,code:N(e,`python nightly.py`),text:P(e)}]}function Se(e){return[{title:`Trace what the function does`,file:`src/app.py`,code:_e},{title:`Name what it needs`,file:`src/requirements.txt`,code:`aws-xray-sdk
`},{title:`Put it behind an API`,file:`template.yaml`,code:K(`python3.12`,`app.handler`)},{title:`Deploy it`,code:F(e,`up template.yaml`),text:G},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}var G=`A function finds the daemon, its credentials and the endpoints in its environment: nothing has to be set.`;function K(e,t){return`AWSTemplateFormatVersion: "2010-09-09"
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
      Runtime: ${e}
      Handler: ${t}
      CodeUri: src
      Events:
        Get:
          Type: Api
          Properties:
            Path: /hello
            Method: get
`}var Ce=`const AWSXRay = require("aws-xray-sdk");
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
`,we=`const AWSXRay = require("aws-xray-sdk-core");

// For clients of the AWS SDK: AWSXRay.captureAWSv3Client(new DynamoDBClient({}))
exports.handler = async () => {
  AWSXRay.captureFunc("think", (part) => part.addAnnotation("customer", "ada"));
  return { statusCode: 200, body: "hello" };
};
`,Te=`{
  "name": "hello",
  "private": true,
  "dependencies": { "aws-xray-sdk-core": "^3.12.0" }
}
`,Ee={id:`node`,label:`Node.js`,variants:[{id:`express`,label:`Express`,steps:De},{id:`lambda`,label:`Lambda`,steps:Oe}]};function De(e){return[{title:`Install the X-Ray SDK`,code:`npm install aws-xray-sdk express`},{title:`Trace the application`,file:`app.js`,code:Ce},{title:`Run it`,code:N(e,`node app.js`),text:P(e)},{title:`Call it`,code:`curl http://127.0.0.1:3000/`}]}function Oe(e){return[{title:`Trace what the function does`,file:`src/app.js`,code:we},{title:`Name what it needs`,file:`src/package.json`,code:Te},{title:`Put it behind an API`,file:`template.yaml`,code:K(`nodejs20.x`,`app.handler`)},{title:`Deploy it`,code:F(e,`up template.yaml`),text:G},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}var q=`NOW=$(date +%s)
TRACE=1-$(printf %08x "$NOW")-$(openssl rand -hex 12)`,J=`{"trace_id":"'$TRACE'","id":"'$(openssl rand -hex 8)'","name":"shop","start_time":'$NOW',"end_time":'$NOW.25'}`,ke=`AWSTemplateFormatVersion: "2010-09-09"
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
`,Ae={id:`cli`,label:`AWS CLI`,variants:[{id:`aws`,label:`aws`,steps:Ne},{id:`curl`,label:`curl`,steps:Pe}]},je={id:`sam`,label:`SAM template`,variants:[{id:`up`,label:`fluoro up`,steps:Fe}]},Me={id:`opentelemetry`,label:`OpenTelemetry`,variants:[{id:`sdk`,label:`SDK`,steps:Ie},{id:`collector`,label:`Collector`,steps:Z},{id:`sampler`,label:`X-Ray sampler`,steps:Le}]};function Ne(e){return[{title:`Point the AWS CLI here`,code:I(e),text:`Any credentials do.`},{title:`Make a segment`,code:`${q}\nSEGMENT='${J}'`},{title:`Send it`,code:`aws xray put-trace-segments --trace-segment-documents "$SEGMENT"`}]}function Pe(e){let t=J.replaceAll(`"`,`\\"`);return[{title:`Send a segment`,code:`${q}\n${`curl ${e.endpoint}/TraceSegments -d '{"TraceSegmentDocuments":["${t}"]}'`}`,text:`Unsigned, as any program can.`}]}function Fe(e){return[{title:`Describe a traced API`,file:`template.yaml`,code:ke},{title:`Deploy it`,code:F(e,`up template.yaml`),text:`It prints the API's URL.`},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}function Y(e){return e.otlp?[]:[{title:`Let the server take OTLP`,code:`fluoro serve --otlp-http 127.0.0.1:4318`,text:`This one does not.`}]}var X=e=>e.otlp??`http://127.0.0.1:4318`;function Ie(e){return[...Y(e),{title:`Point the SDK here`,text:`Spans become segments, and everything that they say is kept. Trace ids of any kind will do.`,code:`export OTEL_EXPORTER_OTLP_ENDPOINT=${X(e)} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none OTEL_SERVICE_NAME=shop`},{title:`Run your program`,text:`With its instrumentation, as ever: opentelemetry-instrument python shop.py, for example.`}]}function Z(e){let t=`receivers:
  otlp:
    protocols:
      grpc:

exporters:
  otlphttp:
    endpoint: ${X(e)}

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlphttp]
`;return[...Y(e),{title:`Let a Collector send what it takes`,text:`SDKs that speak gRPC send to it, at port 4317.`,file:`collector.yaml`,code:t},{title:`Run it`,code:`otelcol --config collector.yaml`},{title:`Point your SDK at it`,code:`export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317`}]}function Le(e){return[{title:`Sample by this server's rules`,text:`SDKs with the AWS X-Ray remote sampler (the AWS distributions have it) ask this server which requests to trace.`,code:`export OTEL_TRACES_SAMPLER=xray\nexport OTEL_TRACES_SAMPLER_ARG=endpoint=http://${e.daemon},polling_interval=300`},{title:`Send the spans`,text:`As shown beside.`}]}var Q=[ve,Ee,H,U,W,Ae,je,Me],Re={steps:`_steps_1l2ec_1`},$=ie(`/start`);function ze(){let t=g(se);return(0,C.jsx)(ne,{header:(0,C.jsx)(e,{variant:`h1`,description:`Nothing of your program changes but the address that it is told.`,children:`Send traces`}),children:(0,C.jsxs)(p,{size:`l`,children:[(0,C.jsx)(E,{}),t.isPending&&(0,C.jsx)(f,{what:`the server's addresses`}),t.isError&&(0,C.jsx)(y,{what:`The server's addresses could not be read`,error:t.error,retry:()=>void t.refetch()}),t.data&&(0,C.jsx)(Be,{places:ce(t.data,window.location.hostname)})]})})}function Be({places:t}){let{language:n}=$.useSearch(),r=$.useNavigate(),i=Q.find(({id:e})=>e===n)??Q[0];return(0,C.jsxs)(p,{size:`l`,children:[(0,C.jsx)(ee,{header:(0,C.jsx)(e,{variant:`h2`,children:`Where this server listens`}),children:(0,C.jsx)(ae,{columns:2,minColumnWidth:300,items:[{label:`AWS APIs, for SDKs and the AWS CLI`,value:(0,C.jsx)(x,{inline:!0,code:`AWS_ENDPOINT_URL=${t.endpoint}`,label:`the address of the AWS APIs`})},{label:`X-Ray daemon, UDP and TCP, for X-Ray SDKs`,value:(0,C.jsx)(x,{inline:!0,code:`AWS_XRAY_DAEMON_ADDRESS=${t.daemon}`,label:`the address of the X-Ray daemon`})}]})}),(0,C.jsx)(oe,{variant:`container`,ariaLabel:`Languages and tools`,activeTabId:i.id,onChange:({detail:e})=>void r({to:`/start`,search:{language:e.activeTabId},replace:!0}),tabs:Q.map(e=>({id:e.id,label:e.label,content:e===i&&(0,C.jsx)(Ve,{guide:e,places:t})}))})]})}function Ve({guide:e,places:t}){let{kind:r}=$.useSearch(),i=$.useNavigate(),a=e.variants.find(({id:e})=>e===r)??e.variants[0];return(0,C.jsxs)(p,{size:`l`,children:[e.variants.length>1&&(0,C.jsx)(te,{label:`From where`,selectedId:a.id,options:e.variants.map(({id:e,label:t})=>({id:e,text:t})),onChange:({detail:t})=>void i({to:`/start`,search:{language:e.id,kind:t.selectedId},replace:!0})}),(0,C.jsx)(`ol`,{className:Re.steps,children:a.steps(t).map(({title:e,text:t,code:r,file:i})=>(0,C.jsxs)(`li`,{children:[(0,C.jsx)(n,{variant:`h3`,children:e}),i&&(0,C.jsx)(n,{variant:`code`,children:i}),r&&(0,C.jsx)(x,{code:r,label:i??e}),t&&(0,C.jsx)(n,{color:`text-body-secondary`,children:t})]},e))})]})}export{ze as StartPage};