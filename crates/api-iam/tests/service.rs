//! Both services through `Service::call`: forms in, XML out, in the order in which a client would call.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_api_iam::{IamService, StsService};
use fluoro_iam::{Conditions, Iam};
use fluoro_store::catalog::MemoryCatalog;
use fluoro_wire::{AccountId, Call, Caller, Region, Service};
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com","AWS":"000000000000"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]}"#;
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const TRACES: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

struct World {
    iam: Iam,
    caller: Caller,
}

/// Status and body.
type Answer = (u16, String);

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(1_795_327_925_490_000));
        let ambient = Ambient::new(clock, Arc::new(SeededEntropy::new(3)));
        let catalog = Arc::new(MemoryCatalog::default());
        let account = AccountId("000000000000".into());
        let iam = Iam::open(ambient, catalog, account).await.unwrap();
        Self {
            iam,
            caller: Caller::Root,
        }
    }

    async fn iam(&self, action: &str, members: &[(&str, &str)]) -> Answer {
        let service = IamService::new(self.iam.clone());
        self.call(&service, "2010-05-08", action, members).await
    }

    async fn sts(&self, action: &str, members: &[(&str, &str)]) -> Answer {
        let service = StsService::new(self.iam.clone());
        self.call(&service, "2011-06-15", action, members).await
    }

    async fn call(
        &self,
        service: &dyn Service,
        version: &str,
        action: &str,
        members: &[(&str, &str)],
    ) -> Answer {
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in members {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        self.raw(service, Request::post("/"), body).await
    }

    async fn raw(
        &self,
        service: &dyn Service,
        request: http::request::Builder,
        body: impl Into<Bytes>,
    ) -> Answer {
        let response = service
            .call(Call {
                head: Arc::new(request.body(()).unwrap().into_parts().0),
                body: body.into(),
                caller: self.caller.clone(),
                region: Region("us-east-1".into()),
                account: AccountId("000000000000".into()),
                request_id: "request-1".to_owned(),
                peer: "127.0.0.1:9".parse().unwrap(),
            })
            .await;
        assert_eq!(response.headers()["content-type"], "text/xml");
        assert_eq!(response.headers()["x-amzn-requestid"], "request-1");
        let body = std::str::from_utf8(response.body()).unwrap().to_owned();
        (response.status().as_u16(), body)
    }

    async fn role(&self, name: &str) {
        let made = self
            .iam(
                "CreateRole",
                &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)],
            )
            .await;
        assert_eq!(made.0, 200, "{}", made.1);
    }
}

/// The texts of all elements with this name, in order.
fn texts(answer: &Answer, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let pieces = answer.1.split(&open).skip(1);
    let texts = pieces.map(|piece| piece.split(&close).next().unwrap());
    texts
        .map(|text| text.replace("&quot;", "\"").replace("&apos;", "'"))
        .collect()
}

fn text(answer: &Answer, element: &str) -> String {
    let texts = texts(answer, element);
    assert_eq!(texts.len(), 1, "<{element}> in {}", answer.1);
    texts[0].clone()
}

fn refused(answer: &Answer, status: u16, code: &str, message: &str) {
    assert_eq!(answer.0, status, "{}", answer.1);
    assert_eq!(text(answer, "Code"), code);
    assert_eq!(text(answer, "Message"), message);
    assert_eq!(text(answer, "Type"), "Sender");
    assert_eq!(text(answer, "RequestId"), "request-1");
}

#[tokio::test]
async fn a_role_is_made_read_and_deleted() {
    let world = World::new().await;
    let members = [
        ("RoleName", "worker"),
        ("AssumeRolePolicyDocument", TRUST),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "a&b"),
    ];
    let made = world.iam("CreateRole", &members).await;
    assert!(made.1.starts_with(
        "<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><CreateRoleResult><Role><Path>/</Path>"
    ));
    assert_eq!(text(&made, "Arn"), "arn:aws:iam::000000000000:role/worker");
    assert_eq!(text(&made, "CreateDate"), "2026-11-22T06:12:05Z");
    let document = text(&made, "AssumeRolePolicyDocument");
    assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    assert_eq!(percent_decode_str(&document).decode_utf8().unwrap(), TRUST);
    assert!(!made.1.contains("MaxSessionDuration"));

    let read = world.iam("GetRole", &[("RoleName", "worker")]).await;
    assert_eq!(text(&read, "MaxSessionDuration"), "3600");
    assert_eq!(text(&read, "RoleLastUsed"), "");
    assert_eq!(text(&read, "Value"), "a&amp;b");

    refused(
        &world.iam("CreateRole", &members).await,
        409,
        "EntityAlreadyExists",
        "Role with name worker already exists.",
    );
    let deleted = world.iam("DeleteRole", &[("RoleName", "worker")]).await;
    assert_eq!(
        deleted.1,
        "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>\
         <RequestId>request-1</RequestId></ResponseMetadata></DeleteRoleResponse>"
    );
    refused(
        &world.iam("GetRole", &[("RoleName", "worker")]).await,
        404,
        "NoSuchEntity",
        "The role with name worker cannot be found.",
    );
}

#[tokio::test]
async fn a_role_is_changed() {
    let world = World::new().await;
    world.role("r").await;
    let name = ("RoleName", "r");
    let updated = world
        .iam(
            "UpdateRole",
            &[name, ("Description", "d"), ("MaxSessionDuration", "7200")],
        )
        .await;
    assert_eq!(text(&updated, "UpdateRoleResult"), "");
    let described = world
        .iam("UpdateRoleDescription", &[name, ("Description", "e")])
        .await;
    assert_eq!(text(&described, "Description"), "e");
    assert_eq!(text(&described, "MaxSessionDuration"), "7200");
    let ec2 = TRUST.replace("lambda", "ec2");
    world
        .iam("UpdateAssumeRolePolicy", &[name, ("PolicyDocument", &ec2)])
        .await;
    let read = world.iam("GetRole", &[name]).await;
    let trust = text(&read, "AssumeRolePolicyDocument");
    assert_eq!(percent_decode_str(&trust).decode_utf8().unwrap(), ec2);
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    world.iam("TagRole", &[name, tag[0], tag[1]]).await;
    assert_eq!(
        texts(&world.iam("ListRoleTags", &[name]).await, "Key"),
        ["k"]
    );
    world
        .iam("UntagRole", &[name, ("TagKeys.member.1", "k")])
        .await;
    assert!(texts(&world.iam("ListRoleTags", &[name]).await, "Key").is_empty());
    world
        .iam(
            "PutRolePermissionsBoundary",
            &[name, ("PermissionsBoundary", TRACES)],
        )
        .await;
    let read = world.iam("GetRole", &[name]).await;
    assert_eq!(text(&read, "PermissionsBoundaryArn"), TRACES);
    world.iam("DeleteRolePermissionsBoundary", &[name]).await;
    assert!(
        !world
            .iam("GetRole", &[name])
            .await
            .1
            .contains("PermissionsBoundary")
    );
    let profiles = world.iam("ListInstanceProfilesForRole", &[name]).await;
    assert_eq!(text(&profiles, "InstanceProfiles"), "");
    assert_eq!(text(&profiles, "IsTruncated"), "false");
}

#[tokio::test]
async fn managed_policies_are_attached_listed_and_detached() {
    let world = World::new().await;
    world.role("r").await;
    let name = ("RoleName", "r");
    for arn in [BASIC, TRACES] {
        let attached = world
            .iam("AttachRolePolicy", &[name, ("PolicyArn", arn)])
            .await;
        assert_eq!(attached.0, 200);
    }
    let listed = world.iam("ListAttachedRolePolicies", &[name]).await;
    assert_eq!(
        texts(&listed, "PolicyName"),
        ["AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"]
    );
    assert_eq!(texts(&listed, "PolicyArn"), [BASIC, TRACES]);
    let below = [name, ("PathPrefix", "/service-role/")];
    let listed = world.iam("ListAttachedRolePolicies", &below).await;
    assert_eq!(texts(&listed, "PolicyArn"), [BASIC]);
    refused(
        &world.iam("DeleteRole", &[name]).await,
        409,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    );
    let none = "arn:aws:iam::000000000000:policy/none";
    refused(
        &world
            .iam("AttachRolePolicy", &[name, ("PolicyArn", none)])
            .await,
        404,
        "NoSuchEntity",
        "Policy arn:aws:iam::000000000000:policy/none does not exist or is not attachable.",
    );
    refused(
        &world
            .iam(
                "AttachRolePolicy",
                &[name, ("PolicyArn", "longer_than_20_characters")],
            )
            .await,
        400,
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
    );
    let entities = world
        .iam("ListEntitiesForPolicy", &[("PolicyArn", TRACES)])
        .await;
    assert_eq!(text(&entities, "RoleName"), "r");
    let detached = world
        .iam("DetachRolePolicy", &[name, ("PolicyArn", BASIC)])
        .await;
    assert_eq!(detached.0, 200);
    refused(
        &world
            .iam("DetachRolePolicy", &[name, ("PolicyArn", BASIC)])
            .await,
        404,
        "NoSuchEntity",
        &format!("Policy {BASIC} was not found."),
    );
}

#[tokio::test]
async fn inline_policies_come_back_as_they_were_put() {
    let world = World::new().await;
    world.role("r").await;
    let (role, policy) = (("RoleName", "r"), ("PolicyName", "traces"));
    let put = [role, policy, ("PolicyDocument", ALLOW)];
    assert_eq!(world.iam("PutRolePolicy", &put).await.0, 200);
    let read = world.iam("GetRolePolicy", &[role, policy]).await;
    let document = text(&read, "PolicyDocument");
    assert_eq!(percent_decode_str(&document).decode_utf8().unwrap(), ALLOW);
    let listed = world.iam("ListRolePolicies", &[role]).await;
    assert_eq!(text(&listed, "PolicyNames"), "<member>traces</member>");
    world.iam("DeleteRolePolicy", &[role, policy]).await;
    refused(
        &world.iam("GetRolePolicy", &[role, policy]).await,
        404,
        "NoSuchEntity",
        "The role policy with name traces cannot be found.",
    );
}

#[tokio::test]
async fn a_managed_policy_lives_in_versions() {
    let world = World::new().await;
    let new = [
        ("PolicyName", "own"),
        ("Path", "/team/"),
        ("PolicyDocument", ALLOW),
    ];
    let made = world.iam("CreatePolicy", &new).await;
    let arn = text(&made, "Arn");
    assert_eq!(arn, "arn:aws:iam::000000000000:policy/team/own");
    assert_eq!(text(&made, "DefaultVersionId"), "v1");
    let policy = ("PolicyArn", arn.as_str());
    let deny = ALLOW.replace("\"Allow\"", "\"Deny\"");
    let second = [policy, ("PolicyDocument", &deny), ("SetAsDefault", "true")];
    let version = world.iam("CreatePolicyVersion", &second).await;
    assert_eq!(text(&version, "VersionId"), "v2");
    assert_eq!(text(&version, "IsDefaultVersion"), "true");
    let versions = world.iam("ListPolicyVersions", &[policy]).await;
    assert_eq!(texts(&versions, "VersionId"), ["v2", "v1"]);
    let read = world
        .iam("GetPolicyVersion", &[policy, ("VersionId", "v2")])
        .await;
    let document = text(&read, "Document");
    assert_eq!(percent_decode_str(&document).decode_utf8().unwrap(), deny);
    world
        .iam("SetDefaultPolicyVersion", &[policy, ("VersionId", "v1")])
        .await;
    assert_eq!(
        text(&world.iam("GetPolicy", &[policy]).await, "DefaultVersionId"),
        "v1"
    );
    assert_eq!(
        world
            .iam("DeletePolicyVersion", &[policy, ("VersionId", "v2")])
            .await
            .0,
        200
    );
    let local = world.iam("ListPolicies", &[("Scope", "Local")]).await;
    assert_eq!(texts(&local, "PolicyName"), ["own"]);
    let tag = [
        policy,
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
    ];
    world.iam("TagPolicy", &tag).await;
    assert_eq!(
        text(&world.iam("ListPolicyTags", &[policy]).await, "Value"),
        "v"
    );
    world
        .iam("UntagPolicy", &[policy, ("TagKeys.member.1", "k")])
        .await;
    assert_eq!(world.iam("DeletePolicy", &[policy]).await.0, 200);
    assert_eq!(world.iam("GetPolicy", &[policy]).await.0, 404);
}

#[tokio::test]
async fn awss_own_policies_are_there_to_be_read() {
    let world = World::new().await;
    let read = world.iam("GetPolicy", &[("PolicyArn", BASIC)]).await;
    assert_eq!(text(&read, "PolicyName"), "AWSLambdaBasicExecutionRole");
    assert_eq!(text(&read, "Path"), "/service-role/");
    let version = text(&read, "DefaultVersionId");
    let of = [("PolicyArn", BASIC), ("VersionId", version.as_str())];
    let document = text(&world.iam("GetPolicyVersion", &of).await, "Document");
    assert!(
        percent_decode_str(&document)
            .decode_utf8()
            .unwrap()
            .contains("logs:PutLogEvents")
    );
    let listed = world.iam("ListPolicies", &[("Scope", "AWS")]).await;
    assert!(texts(&listed, "Arn").iter().any(|arn| arn == TRACES));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    for name in ["c", "a", "b"] {
        world.role(name).await;
    }
    let first = world.iam("ListRoles", &[("MaxItems", "2")]).await;
    assert_eq!(texts(&first, "RoleName"), ["a", "b"]);
    assert_eq!(text(&first, "IsTruncated"), "true");
    let marker = text(&first, "Marker");
    let second = world
        .iam("ListRoles", &[("MaxItems", "2"), ("Marker", &marker)])
        .await;
    assert_eq!(texts(&second, "RoleName"), ["c"]);
    assert_eq!(text(&second, "IsTruncated"), "false");
    assert!(texts(&second, "Marker").is_empty());
    for members in [
        [("Marker", "made-up"), ("MaxItems", "2")],
        [("Marker", marker.as_str()), ("PathPrefix", "/other/")],
    ] {
        let answer = world.iam("ListRoles", &members).await;
        refused(&answer, 400, "ValidationError", "Invalid Marker.");
    }
}

#[tokio::test]
async fn bad_input_is_refused_in_iams_words() {
    let world = World::new().await;
    refused(
        &world
            .iam(
                "CreateRole",
                &[
                    ("RoleName", "r"),
                    ("AssumeRolePolicyDocument", "[this is not JSON}"),
                ],
            )
            .await,
        400,
        "MalformedPolicyDocument",
        "This policy contains invalid Json",
    );
    refused(
        &world.iam("CreateRole", &[]).await,
        400,
        "ValidationError",
        "2 validation errors detected: Value null at 'roleName' failed to satisfy constraint: \
         Member must not be null; Value null at 'assumeRolePolicyDocument' failed to satisfy \
         constraint: Member must not be null",
    );
    refused(
        &world.iam("GetRole", &[("RoleName", "no spaces")]).await,
        400,
        "ValidationError",
        "The specified value for roleName is invalid. It must contain only alphanumeric characters \
         and/or the following: +=,.@_-",
    );
    let long = "x".repeat(65);
    let answer = world.iam("GetRole", &[("RoleName", &long)]).await;
    assert!(text(&answer, "Message").ends_with("Member must have length less than or equal to 64"));
    for (members, message) in [
        (
            [("MaxItems", "0")],
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            [("MaxItems", "many")],
            "many is not a valid integer for MaxItems",
        ),
    ] {
        refused(
            &world.iam("ListRoles", &members).await,
            400,
            "ValidationError",
            message,
        );
    }
}

#[tokio::test]
async fn unknown_actions_are_invalid() {
    let world = World::new().await;
    refused(
        &world.iam("LaunchRocket", &[]).await,
        400,
        "InvalidAction",
        "Could not find operation LaunchRocket for version 2010-05-08",
    );
    let service = IamService::new(world.iam.clone());
    let unversioned = world
        .raw(&service, Request::post("/"), "Action=GetRole")
        .await;
    let message = "Could not find operation GetRole for version NO_VERSION_SPECIFIED";
    refused(&unversioned, 400, "InvalidAction", message);
    let nothing = world.raw(&service, Request::post("/"), "").await;
    refused(
        &nothing,
        400,
        "MissingAction",
        "The request must contain the parameter Action.",
    );
    let no_text = world.raw(&service, Request::post("/"), "Action=%FF").await;
    refused(
        &no_text,
        400,
        "MalformedQueryString",
        "the form is not UTF-8",
    );
}

#[tokio::test]
async fn a_get_carries_its_form_in_the_query() {
    let world = World::new().await;
    let service = StsService::new(world.iam.clone());
    let request = Request::get("/?Action=GetCallerIdentity&Version=2011-06-15");
    let answer = world.raw(&service, request, "").await;
    assert_eq!(text(&answer, "Account"), "000000000000");
}

#[tokio::test]
async fn callers_are_told_who_they_are() {
    let mut world = World::new().await;
    let root = world.sts("GetCallerIdentity", &[]).await;
    assert_eq!(text(&root, "Arn"), "arn:aws:iam::000000000000:root");
    world.role("worker").await;
    let assumed = world
        .sts(
            "AssumeRole",
            &[
                ("RoleArn", "arn:aws:iam::000000000000:role/worker"),
                ("RoleSessionName", "function"),
                ("DurationSeconds", "900"),
            ],
        )
        .await;
    let key = text(&assumed, "AccessKeyId");
    assert!(key.starts_with("ASIA") && key.len() == 20);
    assert_eq!(text(&assumed, "Expiration"), "2026-11-22T06:27:05Z");
    world.caller = world.iam.caller_of(&key).unwrap().unwrap();
    let session = world.sts("GetCallerIdentity", &[]).await;
    assert_eq!(
        text(&session, "Arn"),
        "arn:aws:sts::000000000000:assumed-role/worker/function"
    );
    assert_eq!(text(&session, "UserId"), text(&assumed, "AssumedRoleId"));
}

#[tokio::test]
async fn a_session_may_only_what_its_role_may() {
    let mut world = World::new().await;
    world.role("worker").await;
    let arn = "arn:aws:iam::000000000000:role/worker";
    let credentials = world
        .iam
        .assume_for_service(arn, "lambda.amazonaws.com", "function", &Conditions::none())
        .await
        .unwrap();
    let root = std::mem::replace(
        &mut world.caller,
        world
            .iam
            .caller_of(&credentials.access_key_id)
            .unwrap()
            .unwrap(),
    );
    let name = ("RoleName", "worker");
    let message = "User: arn:aws:sts::000000000000:assumed-role/worker/function is not authorized \
                   to perform: iam:GetRole on resource: arn:aws:iam::000000000000:role/worker \
                   because no identity-based policy allows the iam:GetRole action";
    refused(
        &world.iam("GetRole", &[name]).await,
        403,
        "AccessDenied",
        message,
    );
    let session = std::mem::replace(&mut world.caller, root);
    let read_only = [
        name,
        ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"),
    ];
    world.iam("AttachRolePolicy", &read_only).await;
    world.caller = session;
    assert_eq!(world.iam("GetRole", &[name]).await.0, 200);
    assert_eq!(world.iam("DeleteRole", &[name]).await.0, 403);
}

#[tokio::test]
async fn roles_that_do_not_trust_are_not_assumed() {
    let world = World::new().await;
    let lambda_only = TRUST.replace(r#","AWS":"000000000000""#, "");
    let members = [
        ("RoleName", "r"),
        ("AssumeRolePolicyDocument", lambda_only.as_str()),
    ];
    world.iam("CreateRole", &members).await;
    for name in ["r", "none"] {
        let arn = format!("arn:aws:iam::000000000000:role/{name}");
        let members = [("RoleArn", arn.as_str()), ("RoleSessionName", "me")];
        let message = format!(
            "User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on \
             resource: {arn}"
        );
        refused(
            &world.sts("AssumeRole", &members).await,
            403,
            "AccessDenied",
            &message,
        );
    }
}

#[tokio::test]
async fn what_assume_role_does_not_support_is_refused_by_name() {
    let world = World::new().await;
    world.role("r").await;
    let role = ("RoleArn", "arn:aws:iam::000000000000:role/r");
    let session = ("RoleSessionName", "me");
    refused(
        &world
            .sts("AssumeRole", &[role, session, ("Policy", ALLOW)])
            .await,
        400,
        "ValidationError",
        "AssumeRole's parameter Policy is not supported by Fluoro",
    );
    refused(
        &world
            .sts("AssumeRole", &[role, session, ("DurationSeconds", "7200")])
            .await,
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
    let nonsense = ("RoleArn", "not an arn, yet long enough");
    refused(
        &world.sts("AssumeRole", &[nonsense, session]).await,
        400,
        "ValidationError",
        "not an arn, yet long enough is invalid",
    );
}
