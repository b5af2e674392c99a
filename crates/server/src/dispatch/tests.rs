use fluoro_gateway::Addressed;
use http::Request;

use super::table::ENTRIES;
use super::*;

fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn destination(method: &str, target: &str, headers: &[(&str, &str)]) -> Destination {
    let head = head(method, target, headers);
    by_head(&head, Scope::of(&head).as_ref())
}

fn service(name: &str) -> Destination {
    Destination::Service(name.to_owned())
}

fn stage(api_id: &str, stage: &str, path: &str, addressed: Addressed) -> Destination {
    Destination::Stage(StageAddress {
        api_id: api_id.to_owned(),
        stage: stage.to_owned(),
        path: path.to_owned(),
        addressed,
    })
}

const SIGNED_FOR_XRAY: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0",
);

#[test]
fn no_two_entries_match_one_request() {
    for (place, one) in ENTRIES.iter().enumerate() {
        for other in &ENTRIES[place + 1..] {
            let overlap = one.matcher.overlaps(&other.matcher);
            assert!(!overlap, "{one:?} overlaps {other:?}");
        }
    }
}

#[test]
fn every_entry_is_reached() {
    for entry in ENTRIES {
        let reached = match entry.matcher {
            table::Matcher::Reserved(prefix) => destination("GET", &format!("{prefix}a/b/c"), &[]),
            table::Matcher::UserRequest => destination("GET", "/restapis/a/b/_user_request_/", &[]),
            table::Matcher::Browser => destination("GET", "/", &[("accept", "text/html")]),
            table::Matcher::Target(prefix) => {
                destination("POST", "/", &[("x-amz-target", &format!("{prefix}Do"))])
            }
            table::Matcher::Version(version) => {
                by_form(format!("Action=Do&Version={version}").as_bytes())
            }
            table::Matcher::Post(path) => destination("POST", path, &[]),
            table::Matcher::Below(path) => destination("GET", &format!("{path}/x"), &[]),
        };
        match reached {
            Destination::Stage(_) => assert_eq!(entry.to, table::STAGE),
            Destination::Own => assert_eq!(entry.to, table::OWN),
            Destination::Console => assert_eq!(entry.to, table::CONSOLE),
            Destination::Service(name) => assert_eq!(entry.to, name),
            Destination::Nowhere => panic!("{entry:?} is never reached"),
        }
    }
}

#[test]
fn a_host_names_the_api_and_the_path_its_stage() {
    let found = stage("abc123def4", "dev", "/orders/17", Addressed::Host);
    for host in [
        "abc123def4.execute-api.us-east-1.amazonaws.com",
        "abc123def4.execute-api.localhost:4566",
        "ABC123def4.Execute-Api.localhost.localstack.cloud",
        "abc123def4-vpce-0123.execute-api.us-east-1.amazonaws.com",
        "abc123def4.execute-api",
        "abc123def4.execute-api:4566",
    ] {
        assert_eq!(
            destination("GET", "/dev/orders/17?q", &[("host", host)]),
            found,
            "{host}"
        );
    }
    let here = ("host", "a.execute-api.localhost");
    assert_eq!(
        destination("GET", "/dev", &[here]),
        stage("a", "dev", "", Addressed::Host)
    );
    assert_eq!(
        destination("GET", "/", &[here]),
        stage("a", "", "", Addressed::Host)
    );
    assert_eq!(
        destination("GET", "/dev//x/", &[here]),
        stage("a", "dev", "//x/", Addressed::Host)
    );
}

#[test]
fn other_hosts_name_no_stage() {
    for host in [
        "execute-api.us-east-1.amazonaws.com",
        "localhost:4566",
        ".execute-api.x",
        "a.b.execute-api.x",
    ] {
        assert_eq!(
            destination("GET", "/dev", &[("host", host)]),
            Destination::Nowhere,
            "{host}"
        );
    }
}

#[test]
fn a_path_names_the_stage_in_either_spelling() {
    let found = stage("abc", "dev", "/a%2Fb/", Addressed::Path);
    assert_eq!(
        destination("PUT", "/_aws/execute-api/abc/dev/a%2Fb/", &[]),
        found
    );
    assert_eq!(
        destination("PUT", "/restapis/abc/dev/_user_request_/a%2Fb/", &[]),
        found
    );
    let bare = stage("abc", "dev", "", Addressed::Path);
    assert_eq!(destination("GET", "/_aws/execute-api/abc/dev", &[]), bare);
    assert_eq!(
        destination("GET", "/restapis/abc/dev/_user_request_", &[]),
        bare
    );
    assert_eq!(
        destination("GET", "/_aws/execute-api/abc", &[]),
        stage("abc", "", "", Addressed::Path)
    );
    assert_eq!(
        destination("GET", "/_aws/execute-api/", &[]),
        Destination::Nowhere
    );
}

#[test]
fn a_signature_does_not_hide_a_stage_or_our_own_api() {
    let signed = &[SIGNED_FOR_XRAY];
    assert_eq!(
        destination("GET", "/_fluoro/health", signed),
        Destination::Own
    );
    assert_eq!(
        destination("GET", "/_aws/execute-api/a/dev/x", signed),
        stage("a", "dev", "/x", Addressed::Path)
    );
}

#[test]
fn a_scope_decides_before_target_and_path() {
    let target = ("x-amz-target", "DynamoDB_20120810.GetItem");
    assert_eq!(
        destination("POST", "/restapis", &[SIGNED_FOR_XRAY, target]),
        service("xray")
    );
    assert_eq!(
        destination("POST", "/restapis", &[target]),
        service("dynamodb")
    );
    assert_eq!(destination("POST", "/restapis", &[]), service("apigateway"));
}

#[test]
fn an_unknown_service_in_the_scope_is_named() {
    let signed = SIGNED_FOR_XRAY.1.replace("/xray/", "/bedrock/");
    assert_eq!(
        destination("GET", "/x", &[("authorization", &signed)]),
        service("bedrock")
    );
}

#[test]
fn the_query_protocol_is_known_by_its_version() {
    let query = "/?Action=GetCallerIdentity&Version=2011-06-15";
    assert_eq!(destination("GET", query, &[]), service("sts"));
    assert_eq!(
        by_form(b"Version=2010-05-08&Action=ListRoles"),
        service("iam")
    );
    assert_eq!(by_form(b"Version=2010-05-08"), Destination::Nowhere);
    assert_eq!(by_form(b"Action=ListRoles"), Destination::Nowhere);
    let form = (
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    assert!(needs_form(&head("POST", "/", &[form])));
    assert!(!needs_form(&head("GET", "/", &[form])));
}

#[test]
fn unsigned_paths_match_whole_parts() {
    assert_eq!(destination("POST", "/TraceSegments", &[]), service("xray"));
    assert_eq!(
        destination("GET", "/TraceSegments", &[]),
        Destination::Nowhere
    );
    assert_eq!(
        destination("POST", "/tracesegments", &[]),
        Destination::Nowhere
    );
    assert_eq!(
        destination("POST", "/2015-03-31/functions/f/invocations", &[]),
        service("lambda")
    );
    assert_eq!(destination("GET", "/restapisx", &[]), Destination::Nowhere);
    assert_eq!(destination("GET", "/", &[]), Destination::Nowhere);
}
