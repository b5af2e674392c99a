// Java, Go and .NET.

import { daemonNote, type Guide, type Places, type Step, withDaemon } from "./guide";

const POM = `<dependency>
  <groupId>com.amazonaws</groupId>
  <artifactId>aws-xray-recorder-sdk-core</artifactId>
  <version>2.15.1</version>
</dependency>
`;

const JAVA = `import com.amazonaws.xray.AWSXRay;

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
`;

const SERVLET = `import com.amazonaws.xray.jakarta.servlet.AWSXRayServletFilter;
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
`;

const GO = `package main

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
`;

const DOTNET = `using Amazon.XRay.Recorder.Core;

var app = WebApplication.CreateBuilder(args).Build();
app.UseXRay("shop");
app.MapGet("/", () =>
{
    AWSXRayRecorder.Instance.TraceMethod("think", () =>
        AWSXRayRecorder.Instance.AddAnnotation("customer", "ada"));
    return "hello";
});
app.Run("http://127.0.0.1:5000");
`;

export const java: Guide = {
  id: "java",
  label: "Java",
  variants: [
    { id: "program", label: "Program", steps: javaProgram },
    { id: "spring", label: "Spring Boot", steps: spring },
  ],
};

export const go: Guide = { id: "go", label: "Go", variants: [{ id: "http", label: "net/http", steps: goServer }] };

export const dotnet: Guide = {
  id: "dotnet",
  label: ".NET",
  variants: [{ id: "aspnet", label: "ASP.NET Core", steps: aspnet }],
};

function javaProgram(places: Places): Step[] {
  return [
    { title: "Add the X-Ray SDK", file: "pom.xml", code: POM },
    { title: "Open a segment around the work", file: "src/main/java/Shop.java", code: JAVA },
    {
      title: "Run it",
      code: withDaemon(places, "mvn compile exec:java -Dexec.mainClass=Shop"),
      text: daemonNote(places),
    },
  ];
}

function spring(places: Places): Step[] {
  return [
    { title: "Add the X-Ray SDK", file: "pom.xml", code: POM },
    { title: "Trace every request", file: "src/main/java/Tracing.java", code: SERVLET },
    { title: "Run it", code: withDaemon(places, "mvn spring-boot:run"), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:8080/" },
  ];
}

function goServer(places: Places): Step[] {
  return [
    { title: "Add the X-Ray SDK", code: "go mod init shop\ngo get github.com/aws/aws-xray-sdk-go/xray" },
    { title: "Trace every request", file: "main.go", code: GO },
    { title: "Run it", code: withDaemon(places, "go run ."), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:8080/" },
  ];
}

function aspnet(places: Places): Step[] {
  return [
    { title: "Add the X-Ray SDK", code: "dotnet add package AWSXRayRecorder.Handlers.AspNetCore" },
    { title: "Trace every request", file: "Program.cs", code: DOTNET },
    { title: "Run it", code: withDaemon(places, "dotnet run"), text: daemonNote(places) },
    { title: "Call it", code: "curl http://127.0.0.1:5000/" },
  ];
}
