import{Co as e,Dr as t,En as n,Er as r,Qn as i,R as a,Tr as o,Uo as s,Wo as c,Xa as ee,_t as te,a as l,fn as u,g as d,gt as f,ln as ne,mt as p,on as m,oo as h,pn as g,to as _,vr as v,wr as y,yn as b,yr as re}from"./index-D07r1cGk.js";import{t as ie}from"./key-value-pairs-B7eUM38Z.js";import{t as ae}from"./tabs-COSfmJep.js";import{n as oe,t as x}from"./doctor-C-D8OvX2.js";import{t as S}from"./snippet-wkR0tN5B.js";function se({daemon:e,endpoint:t},n){let r=e=>e.replace(/(^|\/\/)(0\.0\.0\.0|\[::\])(?=:)/,`$1${n}`);return{daemon:r(e),endpoint:r(t)}}var C=c(s(),1);function w(e,t){let r=({door:e,client:t,class:n,cause:r})=>[e,t,n,r].join(`
`),i=new Map(e.map(e=>[r(e),e.count]));return t.filter(e=>n(e)===`lost`||e.class===`unsampled`).map(e=>({...e,count:e.count-(i.get(r(e))??0)})).filter(({count:e})=>e>0)}var T=e(),E=1500;async function D(e,t){let n={StartTime:Math.floor(e),EndTime:ne(m()+60),TimeRangeType:`Event`},{TraceSummaries:r=[]}=await ee(a,n,t);return[...r].sort((e,t)=>(t.StartTime??0)-(e.StartTime??0))}function O(){let[e,t]=(0,C.useState)(m),[n,r]=(0,C.useState)(new Set),i=h({queryKey:[`start`,`traces`,e],queryFn:({signal:t})=>D(e,t),refetchInterval:E}),a=h({...x,queryKey:[`start`,`doctor`,e],staleTime:1/0}),o=h({...x,refetchInterval:E}),s=a.data&&o.data?w(a.data.lines,o.data.lines):[];if(i.isError)return(0,T.jsx)(v,{what:`Whether a trace has come in could not be read`,error:i.error});let c=(i.data??[]).filter(({Id:e})=>!n.has(e));return(0,T.jsx)(`div`,{role:`status`,children:(0,T.jsxs)(p,{size:`s`,children:[c.length>0?(0,T.jsx)(j,{traces:c,onAgain:()=>{r(new Set(c.map(({Id:e})=>e))),t(m())}}):(0,T.jsx)(k,{held:a.data?.held.traces??0}),s.length>0&&(0,T.jsx)(M,{troubles:s})]})})}function k({held:e}){return(0,T.jsxs)(t,{type:`info`,header:e>0?`Waiting for the next trace`:`Waiting for your first trace`,children:[(0,T.jsx)(y,{}),` What your program sends shows up here as soon as it is received.`,` `,e>0&&(0,T.jsxs)(l,{to:`/traces`,children:[`Show the `,u(e),` `,e===1?`trace`:`traces`,` that are here`]})]})}var A=5;function j({traces:e,onAgain:n}){return(0,T.jsx)(t,{type:`success`,header:e.length===1?`Received a trace`:`Received ${u(e.length)} traces`,action:(0,T.jsx)(o,{onClick:n,children:`Wait for another`}),children:e.slice(0,A).map(({Id:e=``,Http:t,EntryPoint:n,Duration:r})=>(0,T.jsxs)(`div`,{children:[(0,T.jsx)(l,{to:`/traces/$traceId`,params:{traceId:e},children:e}),` `,t?.HttpURL?`${t.HttpMethod??``} ${t.HttpURL}`.trim():n?.Name,r!==void 0&&`, ${g(b(r))}`]},e))})}function M({troubles:e}){return(0,T.jsx)(t,{type:`warning`,header:`Something came in, but became no trace`,children:(0,T.jsxs)(p,{size:`xs`,children:[e.map(({client:e,class:t,cause:n,count:i,mend:a})=>(0,T.jsxs)(r,{children:[u(i),` from `,(0,T.jsx)(r,{variant:`code`,children:e}),`: `,n,a&&` – ${a}`]},`${e} ${t} ${n}`)),(0,T.jsx)(l,{to:`/doctor`,children:`Ask the doctor`})]})})}var N=`127.0.0.1:2000`,P=`http://127.0.0.1:4566`;function F(e,t){return`AWS_XRAY_DAEMON_ADDRESS=${e.daemon} ${t}`}function I(e){return e.daemon===N?`The address is also the SDK's default; the variable may be left out.`:`This server's daemon listens at another address than the SDK's default, so the SDK has to be told.`}function L(e,t){return e.endpoint===P?`fluoro ${t}`:`fluoro --endpoint ${e.endpoint} ${t}`}var R=e=>`export AWS_ENDPOINT_URL=${e.endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1`,z=`<dependency>
  <groupId>com.amazonaws</groupId>
  <artifactId>aws-xray-recorder-sdk-core</artifactId>
  <version>2.15.1</version>
</dependency>
`,B=`import com.amazonaws.xray.AWSXRay;

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
`,V=`import com.amazonaws.xray.jakarta.servlet.AWSXRayServletFilter;
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
`,H=`package main

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
`,U=`using Amazon.XRay.Recorder.Core;

var app = WebApplication.CreateBuilder(args).Build();
app.UseXRay("shop");
app.MapGet("/", () =>
{
    AWSXRayRecorder.Instance.TraceMethod("think", () =>
        AWSXRayRecorder.Instance.AddAnnotation("customer", "ada"));
    return "hello";
});
app.Run("http://127.0.0.1:5000");
`,W={id:`java`,label:`Java`,variants:[{id:`program`,label:`Program`,steps:ce},{id:`spring`,label:`Spring Boot`,steps:le}]},G={id:`go`,label:`Go`,variants:[{id:`http`,label:`net/http`,steps:ue}]},K={id:`dotnet`,label:`.NET`,variants:[{id:`aspnet`,label:`ASP.NET Core`,steps:de}]};function ce(e){return[{title:`Add the X-Ray SDK`,file:`pom.xml`,code:z},{title:`Open a segment around the work`,file:`src/main/java/Shop.java`,code:B},{title:`Run it`,code:F(e,`mvn compile exec:java -Dexec.mainClass=Shop`),text:I(e)}]}function le(e){return[{title:`Add the X-Ray SDK`,file:`pom.xml`,code:z},{title:`Trace every request`,file:`src/main/java/Tracing.java`,code:V},{title:`Run it`,code:F(e,`mvn spring-boot:run`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:8080/`}]}function ue(e){return[{title:`Add the X-Ray SDK`,code:`go mod init shop
go get github.com/aws/aws-xray-sdk-go/xray`},{title:`Trace every request`,file:`main.go`,code:H},{title:`Run it`,code:F(e,`go run .`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:8080/`}]}function de(e){return[{title:`Add the X-Ray SDK`,code:`dotnet add package AWSXRayRecorder.Handlers.AspNetCore`},{title:`Trace every request`,file:`Program.cs`,code:U},{title:`Run it`,code:F(e,`dotnet run`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:5000/`}]}var fe=`from aws_xray_sdk.core import patch_all, xray_recorder
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
`,pe=`INSTALLED_APPS = [
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
`,me=`from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="nightly", sampling=False)  # every run is traced

with xray_recorder.in_segment("nightly"):
    with xray_recorder.in_subsegment("clean up") as part:
        part.put_annotation("rows", 42)
`,he=`from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()  # traces boto3 and what else the function calls


def handler(event, context):
    with xray_recorder.in_subsegment("think") as part:
        part.put_annotation("customer", "ada")
    return {"statusCode": 200, "body": "hello"}
`,ge={id:`python`,label:`Python`,variants:[{id:`flask`,label:`Flask`,steps:_e},{id:`django`,label:`Django`,steps:ve},{id:`script`,label:`Script`,steps:ye},{id:`lambda`,label:`Lambda`,steps:be}]};function _e(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk flask`},{title:`Trace the application`,file:`app.py`,code:fe},{title:`Run it`,code:F(e,`flask run --port 5000`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:5000/`}]}function ve(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk django`},{title:`Add to the settings`,file:`settings.py`,code:pe},{title:`Run it`,code:F(e,`python manage.py runserver`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:8000/`}]}function ye(e){return[{title:`Install the X-Ray SDK`,code:`pip install aws-xray-sdk`},{title:`Open a segment around the work`,file:`nightly.py`,code:me},{title:`Run it`,code:F(e,`python nightly.py`),text:I(e)}]}function be(e){return[{title:`Trace what the function does`,file:`src/app.py`,code:he},{title:`Name what it needs`,file:`src/requirements.txt`,code:`aws-xray-sdk
`},{title:`Put it behind an API`,file:`template.yaml`,code:J(`python3.12`,`app.handler`)},{title:`Deploy it`,code:L(e,`up template.yaml`),text:q},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}var q=`A function finds the daemon, its credentials and the endpoints in its environment: nothing has to be set.`;function J(e,t){return`AWSTemplateFormatVersion: "2010-09-09"
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
`}var xe=`const AWSXRay = require("aws-xray-sdk");
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
`,Se=`const AWSXRay = require("aws-xray-sdk-core");

// For clients of the AWS SDK: AWSXRay.captureAWSv3Client(new DynamoDBClient({}))
exports.handler = async () => {
  AWSXRay.captureFunc("think", (part) => part.addAnnotation("customer", "ada"));
  return { statusCode: 200, body: "hello" };
};
`,Ce=`{
  "name": "hello",
  "private": true,
  "dependencies": { "aws-xray-sdk-core": "^3.12.0" }
}
`,we={id:`node`,label:`Node.js`,variants:[{id:`express`,label:`Express`,steps:Te},{id:`lambda`,label:`Lambda`,steps:Ee}]};function Te(e){return[{title:`Install the X-Ray SDK`,code:`npm install aws-xray-sdk express`},{title:`Trace the application`,file:`app.js`,code:xe},{title:`Run it`,code:F(e,`node app.js`),text:I(e)},{title:`Call it`,code:`curl http://127.0.0.1:3000/`}]}function Ee(e){return[{title:`Trace what the function does`,file:`src/app.js`,code:Se},{title:`Name what it needs`,file:`src/package.json`,code:Ce},{title:`Put it behind an API`,file:`template.yaml`,code:J(`nodejs20.x`,`app.handler`)},{title:`Deploy it`,code:L(e,`up template.yaml`),text:q},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}var Y=`NOW=$(date +%s)
TRACE=1-$(printf %08x "$NOW")-$(openssl rand -hex 12)`,X=`{"trace_id":"'$TRACE'","id":"'$(openssl rand -hex 8)'","name":"shop","start_time":'$NOW',"end_time":'$NOW.25'}`,De=`AWSTemplateFormatVersion: "2010-09-09"
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
`,Oe={id:`cli`,label:`AWS CLI`,variants:[{id:`aws`,label:`aws`,steps:je},{id:`curl`,label:`curl`,steps:Me}]},ke={id:`sam`,label:`SAM template`,variants:[{id:`up`,label:`fluoro up`,steps:Z}]},Ae={id:`opentelemetry`,label:`OpenTelemetry`,variants:[{id:`collector`,label:`Collector`,steps:Ne},{id:`sampler`,label:`X-Ray sampler`,steps:Pe}]};function je(e){return[{title:`Point the AWS CLI here`,code:R(e),text:`Any credentials do.`},{title:`Make a segment`,code:`${Y}\nSEGMENT='${X}'`},{title:`Send it`,code:`aws xray put-trace-segments --trace-segment-documents "$SEGMENT"`}]}function Me(e){let t=X.replaceAll(`"`,`\\"`);return[{title:`Send a segment`,code:`${Y}\n${`curl ${e.endpoint}/TraceSegments -d '{"TraceSegmentDocuments":["${t}"]}'`}`,text:`Unsigned, as any program can.`}]}function Z(e){return[{title:`Describe a traced API`,file:`template.yaml`,code:De},{title:`Deploy it`,code:L(e,`up template.yaml`),text:`It prints the API's URL.`},{title:`Call it`,text:`With curl, at the URL that the command printed, followed by /hello.`}]}function Ne(e){return[{title:`Let a Collector translate`,text:`This version takes X-Ray segments, not OTLP. A Collector with the awsxray exporter (otelcol-contrib, or the AWS distribution) takes OTLP from your SDKs and sends segments here.`,file:`collector.yaml`,code:`receivers:
  otlp:
    protocols:
      grpc:
      http:

exporters:
  awsxray:
    endpoint: ${e.endpoint}
    region: us-east-1
    local_mode: true

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [awsxray]
`},{title:`Run it`,code:`AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test otelcol-contrib --config collector.yaml`,text:`Any credentials do.`},{title:`Point your SDK at the Collector`,text:`X-Ray's trace ids begin with the time. Have the SDK make them so where it can; in Python that is OTEL_PYTHON_ID_GENERATOR=xray.`,code:`export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318`}]}function Pe(e){return[{title:`Sample by this server's rules`,text:`SDKs with the AWS X-Ray remote sampler (the AWS distributions have it) ask this server which requests to trace.`,code:`export OTEL_TRACES_SAMPLER=xray\nexport OTEL_TRACES_SAMPLER_ARG=endpoint=http://${e.daemon},polling_interval=300`},{title:`Send the spans`,text:`Through a Collector, as shown beside.`}]}var Q=[ge,we,W,G,K,Oe,ke,Ae],Fe={steps:`_steps_1l2ec_1`},$=_(`/start`);function Ie(){let e=h(oe);return(0,T.jsx)(f,{header:(0,T.jsx)(i,{variant:`h1`,description:`Nothing of your program changes but the address that it is told.`,children:`Send traces`}),children:(0,T.jsxs)(p,{size:`l`,children:[(0,T.jsx)(O,{}),e.isPending&&(0,T.jsx)(re,{what:`the server's addresses`}),e.isError&&(0,T.jsx)(v,{what:`The server's addresses could not be read`,error:e.error,retry:()=>void e.refetch()}),e.data&&(0,T.jsx)(Le,{places:se(e.data,window.location.hostname)})]})})}function Le({places:e}){let{language:t}=$.useSearch(),n=$.useNavigate(),r=Q.find(({id:e})=>e===t)??Q[0];return(0,T.jsxs)(p,{size:`l`,children:[(0,T.jsx)(te,{header:(0,T.jsx)(i,{variant:`h2`,children:`Where this server listens`}),children:(0,T.jsx)(ie,{columns:2,minColumnWidth:300,items:[{label:`AWS APIs, for SDKs and the AWS CLI`,value:(0,T.jsx)(S,{inline:!0,code:`AWS_ENDPOINT_URL=${e.endpoint}`,label:`the address of the AWS APIs`})},{label:`X-Ray daemon, UDP and TCP, for X-Ray SDKs`,value:(0,T.jsx)(S,{inline:!0,code:`AWS_XRAY_DAEMON_ADDRESS=${e.daemon}`,label:`the address of the X-Ray daemon`})}]})}),(0,T.jsx)(ae,{variant:`container`,ariaLabel:`Languages and tools`,activeTabId:r.id,onChange:({detail:e})=>void n({to:`/start`,search:{language:e.activeTabId},replace:!0}),tabs:Q.map(t=>({id:t.id,label:t.label,content:t===r&&(0,T.jsx)(Re,{guide:t,places:e})}))})]})}function Re({guide:e,places:t}){let{kind:n}=$.useSearch(),i=$.useNavigate(),a=e.variants.find(({id:e})=>e===n)??e.variants[0];return(0,T.jsxs)(p,{size:`l`,children:[e.variants.length>1&&(0,T.jsx)(d,{label:`From where`,selectedId:a.id,options:e.variants.map(({id:e,label:t})=>({id:e,text:t})),onChange:({detail:t})=>void i({to:`/start`,search:{language:e.id,kind:t.selectedId},replace:!0})}),(0,T.jsx)(`ol`,{className:Fe.steps,children:a.steps(t).map(({title:e,text:t,code:n,file:i})=>(0,T.jsxs)(`li`,{children:[(0,T.jsx)(r,{variant:`h3`,children:e}),i&&(0,T.jsx)(r,{variant:`code`,children:i}),n&&(0,T.jsx)(S,{code:n,label:i??e}),t&&(0,T.jsx)(r,{color:`text-body-secondary`,children:t})]},e))})]})}export{Ie as StartPage};