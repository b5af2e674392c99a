//! AWS's published test suite (`aws-sig-v4-test-suite`) and the examples of the S3 and IAM guides.

use fluoro_model::TimestampMicros;
use http::Request;
use http::header::AUTHORIZATION;
use http::request::{Builder, Parts};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const AT: TimestampMicros = TimestampMicros(1_440_938_160_000_000);

/// A request of the suite: its host, its date, and what a case adds.
fn suite(request: Builder) -> Parts {
    let request = request
        .header("host", "example.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z");
    request.body(()).unwrap().into_parts().0
}

fn expected(signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={signed}, Signature={signature}"
    )
}

/// The suite's signature is accepted with its secret and with no other.
fn accepts(mut head: Parts, body: &[u8], signed: &str, signature: &str) {
    let authorization = expected(signed, signature).parse().unwrap();
    head.headers.insert(AUTHORIZATION, authorization);
    let read = Signature::of(&head).unwrap().unwrap();
    assert_eq!(
        read.verify(&head, body, SECRET, AT),
        Ok(()),
        "{:?}",
        head.uri
    );
    assert_eq!(
        read.verify(&head, body, "other", AT),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn the_published_cases_are_accepted() {
    let plain = "host;x-amz-date";
    let cases = [
        (
            "/",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "/?Param1=value2&Param1=Value1",
            "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
        ),
        (
            "/?Param1=value2&Param1=value1",
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
        ),
        (
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        (
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "/example/..",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "/./",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "/./example",
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        (
            "//example//",
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
    ];
    for (uri, signature) in cases {
        accepts(suite(Request::get(uri)), b"", plain, signature);
    }
    accepts(
        suite(Request::post("/")),
        b"",
        plain,
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
}

#[test]
fn headers_are_joined_and_trimmed() {
    accepts(
        suite(
            Request::get("/")
                .header("my-header1", "value2")
                .header("my-header1", "value2")
                .header("my-header1", "value1"),
        ),
        b"",
        "host;my-header1;x-amz-date",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    );
    accepts(
        suite(
            Request::get("/")
                .header("my-header1", " value1")
                .header("my-header2", " \"a   b   c\""),
        ),
        b"",
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    );
}

#[test]
fn the_body_is_signed() {
    let head =
        suite(Request::post("/").header("content-type", "application/x-www-form-urlencoded"));
    let signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
    accepts(
        head.clone(),
        b"Param1=value1",
        "content-type;host;x-amz-date",
        signature,
    );
    let mut altered = head;
    let authorization = expected("content-type;host;x-amz-date", signature);
    altered
        .headers
        .insert(AUTHORIZATION, authorization.parse().unwrap());
    let read = Signature::of(&altered).unwrap().unwrap();
    let verdict = read.verify(&altered, b"Param1=value2", SECRET, AT);
    assert_eq!(verdict, Err(SignatureError::Mismatch));
}

#[test]
fn signing_gives_the_published_signature() {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
    };
    let mut head = suite(Request::get("/"));
    head.headers
        .insert("user-agent", "not signed".parse().unwrap());
    sign(
        &mut head,
        Payload::Bytes(b""),
        &credentials,
        "us-east-1",
        "service",
        AT,
    )
    .unwrap();
    assert_eq!(
        head.headers[AUTHORIZATION],
        expected(
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
    );
}

#[test]
fn the_guides_list_users_is_signed_as_published() {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
    };
    let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
        .header("host", "iam.amazonaws.com")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
    let mut head = request.body(()).unwrap().into_parts().0;
    sign(
        &mut head,
        Payload::Bytes(b""),
        &credentials,
        "us-east-1",
        "iam",
        AT,
    )
    .unwrap();
    let authorization = head.headers[AUTHORIZATION].to_str().unwrap();
    assert!(
        authorization.ends_with(
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        )
    );
}

#[test]
fn what_we_sign_we_accept() {
    let credentials = Credentials {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: Some("token/with+signs==".to_owned()),
    };
    for (service, payload, body) in [
        ("lambda", Payload::Bytes(b"{}"), &b"{}"[..]),
        ("s3", Payload::Unsigned, b"anything"),
        (
            "s3",
            Payload::Named("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            b"chunks",
        ),
    ] {
        let uri = "/2015-03-31/functions/arn%3Aaws%3Alambda/x%20y?z=1&a=%2F&empty";
        let request = Request::put(uri)
            .header("host", "127.0.0.1:4566")
            .header("x-amz-meta-a", "ä");
        let mut head = request.body(()).unwrap().into_parts().0;
        sign(&mut head, payload, &credentials, "eu-west-1", service, AT).unwrap();
        let read = Signature::of(&head).unwrap().unwrap();
        assert_eq!(read.session_token, credentials.session_token);
        assert_eq!(read.verify(&head, body, SECRET, AT), Ok(()), "{service}");
    }
}

#[test]
fn a_presigned_query_is_accepted_until_it_expires() {
    let uri = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let request = Request::get(uri).header("host", "examplebucket.s3.amazonaws.com");
    let head = request.body(()).unwrap().into_parts().0;
    let read = Signature::of(&head).unwrap().unwrap();
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let made = TimestampMicros(1_369_353_600_000_000);
    let later = |seconds: i64| TimestampMicros(made.0 + seconds * 1_000_000);
    assert_eq!(read.verify(&head, b"", secret, later(86_400)), Ok(()));
    let late = read.verify(&head, b"", secret, later(86_401)).unwrap_err();
    assert_eq!(late.code(), "RequestExpired");
}

#[test]
fn a_signature_ages() {
    let mut head = suite(Request::get("/"));
    let authorization = expected(
        "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
    head.headers
        .insert(AUTHORIZATION, authorization.parse().unwrap());
    let read = Signature::of(&head).unwrap().unwrap();
    for (minutes, accepted) in [(-16, false), (-14, true), (14, true), (16, false)] {
        let now = TimestampMicros(AT.0 + minutes * 60_000_000);
        assert_eq!(
            read.verify(&head, b"", SECRET, now).is_ok(),
            accepted,
            "{minutes}"
        );
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    assert_eq!(Signature::of(&suite(Request::get("/"))), Ok(None));
    let credential = "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    for header in [
        "AWS4-HMAC-SHA256 Signature=00".to_owned(),
        format!("AWS4-HMAC-SHA256 {credential}, Signature=00"),
        format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host"),
        format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=x-amz-date, Signature=00"),
        format!(
            "AWS4-HMAC-SHA256 {}, SignedHeaders=host, Signature=00",
            credential.replace("20150830", "20150831")
        ),
    ] {
        let mut head = suite(Request::get("/"));
        head.headers.insert(AUTHORIZATION, header.parse().unwrap());
        let refused = Signature::of(&head).unwrap_err();
        assert_eq!(refused.code(), "IncompleteSignatureException", "{header}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: Some("token".to_owned()),
    };
    let shown = format!("{credentials:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("token"));
}
