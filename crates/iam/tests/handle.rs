//! The handle as its users see it: over the in-memory catalog, with a clock that stands still.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::sync::Arc;

use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};
use fluoro_iam::{
    AssumeError, Conditions, DeniedReason, ExpiredSession, Iam, IamError, IamErrorKind, NewPolicy,
    NewRole, Role, Tag,
};
use fluoro_store::catalog::MemoryCatalog;
use fluoro_wire::{AccountId, Caller};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const WRITE_TRACES: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";
const PUT: &str = "xray:PutTraceSegments";
const LAMBDA: &str = "lambda.amazonaws.com";

struct World {
    clock: Arc<ManualClock>,
    catalog: Arc<MemoryCatalog>,
    iam: Iam,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(1_795_327_925_000_000));
        let catalog = Arc::new(MemoryCatalog::default());
        let iam = open(&clock, &catalog).await;
        Self {
            clock,
            catalog,
            iam,
        }
    }

    async fn reopened(&self) -> Iam {
        open(&self.clock, &self.catalog).await
    }

    async fn role(&self, name: &str) -> Arc<Role> {
        self.iam.create_role(new_role(name)).await.unwrap()
    }

    async fn session(&self, name: &str) -> (String, Caller) {
        let arn = format!("arn:aws:iam::000000000000:role/{name}");
        let credentials = self
            .iam
            .assume_for_service(&arn, LAMBDA, "function", &Conditions::none())
            .await
            .unwrap();
        let caller = self
            .iam
            .caller_of(&credentials.access_key_id)
            .unwrap()
            .unwrap();
        (credentials.access_key_id, caller)
    }

    fn reason(&self, caller: &Caller, action: &str) -> Option<DeniedReason> {
        let answer = self.iam.authorize(caller, action, "*", &Conditions::none());
        answer.err().map(|denied| denied.reason)
    }
}

async fn open(clock: &Arc<ManualClock>, catalog: &Arc<MemoryCatalog>) -> Iam {
    let ambient = Ambient::new(Arc::clone(clock) as _, Arc::new(SeededEntropy::new(7)));
    let account = AccountId("000000000000".into());
    Iam::open(ambient, Arc::clone(catalog) as _, account)
        .await
        .unwrap()
}

fn new_role(name: &str) -> NewRole {
    NewRole {
        path: "/".to_owned(),
        name: name.to_owned(),
        trust_policy: TRUST.to_owned(),
        description: None,
        max_session_duration_seconds: 3_600,
        tags: Vec::new(),
        permissions_boundary: None,
    }
}

fn statement(effect: &str, action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}]}}"#
    )
}

fn kind<T: std::fmt::Debug>(answer: Result<T, IamError>) -> IamErrorKind {
    answer.unwrap_err().kind().unwrap()
}

#[tokio::test]
async fn a_role_is_unique_whatever_its_case() {
    let world = World::new().await;
    let role = world.role("Worker").await;
    assert!(role.id.starts_with("AROA") && role.id.len() == 21);
    let again = world.iam.create_role(new_role("wORKER")).await;
    assert_eq!(kind(again), IamErrorKind::EntityAlreadyExists);
    assert_eq!(world.iam.role("worker").unwrap().name, "Worker");
}

#[tokio::test]
async fn a_role_with_policies_is_not_deleted() {
    let world = World::new().await;
    world.role("r").await;
    world
        .iam
        .attach_role_policy("r", WRITE_TRACES)
        .await
        .unwrap();
    assert_eq!(
        kind(world.iam.delete_role("r").await),
        IamErrorKind::DeleteConflict
    );
    world
        .iam
        .detach_role_policy("r", WRITE_TRACES)
        .await
        .unwrap();
    world
        .iam
        .put_role_policy("r", "p", &statement("Allow", PUT))
        .await
        .unwrap();
    assert_eq!(
        kind(world.iam.delete_role("r").await),
        IamErrorKind::DeleteConflict
    );
    world.iam.delete_role_policy("r", "p").await.unwrap();
    world.iam.delete_role("r").await.unwrap();
    assert_eq!(kind(world.iam.role("r")), IamErrorKind::NoSuchEntity);
}

#[tokio::test]
async fn a_malformed_policy_changes_nothing() {
    let world = World::new().await;
    world.role("r").await;
    let put = world.iam.put_role_policy("r", "p", "{").await;
    assert_eq!(kind(put), IamErrorKind::MalformedPolicyDocument);
    let trust = world
        .iam
        .update_trust_policy("r", &statement("Allow", PUT))
        .await;
    assert_eq!(kind(trust), IamErrorKind::MalformedPolicyDocument);
    let role = world.iam.role("r").unwrap();
    assert!(role.inline_policies.is_empty());
    assert_eq!(role.trust_policy, TRUST);
}

#[tokio::test]
async fn tags_replace_and_leave() {
    let world = World::new().await;
    world.role("r").await;
    let tag = |key: &str, value: &str| Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    world
        .iam
        .tag_role("r", vec![tag("team", "a"), tag("stage", "x")])
        .await
        .unwrap();
    world
        .iam
        .tag_role("r", vec![tag("TEAM", "b")])
        .await
        .unwrap();
    world.iam.untag_role("r", &["stage", "none"]).await.unwrap();
    assert_eq!(world.iam.role("r").unwrap().tags, [tag("TEAM", "b")]);
    let many = (0..50).map(|n| tag(&n.to_string(), "")).collect();
    assert_eq!(
        kind(world.iam.tag_role("r", many).await),
        IamErrorKind::LimitExceeded
    );
}

#[tokio::test]
async fn a_session_may_what_its_role_may() {
    let world = World::new().await;
    world.role("r").await;
    let (_, caller) = world.session("r").await;
    let denied = world
        .iam
        .authorize(&caller, PUT, "*", &Conditions::none())
        .unwrap_err();
    assert_eq!(
        denied.to_string(),
        "User: arn:aws:sts::000000000000:assumed-role/r/function is not authorized to perform: \
         xray:PutTraceSegments because no identity-based policy allows the xray:PutTraceSegments action"
    );
    world
        .iam
        .attach_role_policy("r", WRITE_TRACES)
        .await
        .unwrap();
    assert_eq!(world.reason(&caller, PUT), None);
    assert_eq!(
        world.reason(&caller, "xray:GetTraceSummaries"),
        Some(DeniedReason::NothingAllows)
    );
    world
        .iam
        .put_role_policy("r", "no", &statement("Deny", "xray:Put*"))
        .await
        .unwrap();
    assert_eq!(world.reason(&caller, PUT), Some(DeniedReason::ExplicitDeny));
    assert_eq!(world.reason(&Caller::Root, PUT), None);
}

#[tokio::test]
async fn a_boundary_bounds() {
    let world = World::new().await;
    let mut new = new_role("r");
    new.permissions_boundary = Some("arn:aws:iam::aws:policy/AWSXrayReadOnlyAccess".to_owned());
    world.iam.create_role(new).await.unwrap();
    world
        .iam
        .put_role_policy("r", "all", &statement("Allow", "xray:*"))
        .await
        .unwrap();
    let (_, caller) = world.session("r").await;
    assert_eq!(
        world.reason(&caller, PUT),
        Some(DeniedReason::OutsideBoundary)
    );
    assert_eq!(world.reason(&caller, "xray:GetTraceSummaries"), None);
    world.iam.set_permissions_boundary("r", None).await.unwrap();
    assert_eq!(world.reason(&caller, PUT), None);
}

#[tokio::test]
async fn principal_tags_stand_in_policies() {
    let world = World::new().await;
    let mut new = new_role("r");
    new.tags = vec![Tag {
        key: "team".to_owned(),
        value: "blue".to_owned(),
    }];
    world.iam.create_role(new).await.unwrap();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}/*"}}"#;
    world
        .iam
        .put_role_policy("r", "own", document)
        .await
        .unwrap();
    let (_, caller) = world.session("r").await;
    let may = |key: &str| {
        let resource = format!("arn:aws:s3:::{key}");
        world
            .iam
            .authorize(&caller, "s3:GetObject", &resource, &Conditions::none())
            .is_ok()
    };
    assert!(may("blue/a"));
    assert!(!may("red/a"));
}

#[tokio::test]
async fn only_whom_the_trust_policy_names_may_assume() {
    let world = World::new().await;
    world.role("r").await;
    let arn = "arn:aws:iam::000000000000:role/r";
    let none = Conditions::none();
    let other = world
        .iam
        .assume_for_service(arn, "ec2.amazonaws.com", "s", &none)
        .await;
    assert!(matches!(other, Err(AssumeError::NotTrusted { .. })));
    let unknown = world
        .iam
        .may_assume("arn:aws:iam::000000000000:role/none", LAMBDA, &none);
    assert!(matches!(unknown, Err(AssumeError::UnknownRole(_))));
    let elsewhere = world
        .iam
        .may_assume("arn:aws:iam::999999999999:role/r", LAMBDA, &none);
    assert!(matches!(elsewhere, Err(AssumeError::UnknownRole(_))));
    let root = world.iam.assume(&Caller::Root, arn, "s", 900, &none).await;
    assert!(matches!(root, Err(AssumeError::NotTrusted { .. })));
}

#[tokio::test]
async fn a_trusted_account_passes_the_right_on() {
    let world = World::new().await;
    world.role("worker").await;
    let mut new = new_role("target");
    new.trust_policy = TRUST.replace(
        r#"{"Service":"lambda.amazonaws.com"}"#,
        r#"{"AWS":"arn:aws:iam::000000000000:root"}"#,
    );
    world.iam.create_role(new).await.unwrap();
    let (_, caller) = world.session("worker").await;
    let target = "arn:aws:iam::000000000000:role/target";
    let none = Conditions::none();
    let refused = world.iam.assume(&caller, target, "s", 900, &none).await;
    assert!(matches!(refused, Err(AssumeError::NotTrusted { .. })));
    let may_assume = statement("Allow", "sts:AssumeRole");
    world
        .iam
        .put_role_policy("worker", "assume", &may_assume)
        .await
        .unwrap();
    world
        .iam
        .assume(&caller, target, "s", 900, &none)
        .await
        .unwrap();
    world
        .iam
        .assume(&Caller::Root, target, "s", 3_600, &none)
        .await
        .unwrap();
    let long = world.iam.assume(&caller, target, "s", 3_601, &none).await;
    assert!(matches!(long, Err(AssumeError::TooLong)));
}

#[tokio::test]
async fn sessions_roles_and_policies_survive_a_restart() {
    let world = World::new().await;
    world.role("r").await;
    let own = world
        .iam
        .create_policy(NewPolicy {
            path: "/".to_owned(),
            name: "own".to_owned(),
            document: statement("Allow", PUT),
            description: None,
            tags: Vec::new(),
        })
        .await
        .unwrap();
    world.iam.attach_role_policy("r", &own.arn).await.unwrap();
    let (access_key_id, caller) = world.session("r").await;
    let again = world.reopened().await;
    assert_eq!(again.caller_of(&access_key_id), Ok(Some(caller.clone())));
    assert!(
        again
            .authorize(&caller, PUT, "*", &Conditions::none())
            .is_ok()
    );
    assert_eq!(again.role("r").unwrap(), world.iam.role("r").unwrap());
}

#[tokio::test]
async fn an_ended_session_is_refused_and_a_strangers_key_is_unknown() {
    let world = World::new().await;
    world.role("r").await;
    let (access_key_id, _) = world.session("r").await;
    assert_eq!(world.iam.caller_of("AKIDEXAMPLE"), Ok(None));
    for _ in 0..12 {
        world.clock.advance_micros(3_600_000_000);
    }
    assert_eq!(world.iam.caller_of(&access_key_id), Err(ExpiredSession));
}

#[tokio::test]
async fn a_role_made_anew_does_not_revive_old_sessions() {
    let world = World::new().await;
    world.role("r").await;
    let (access_key_id, caller) = world.session("r").await;
    world.iam.delete_role("r").await.unwrap();
    assert_eq!(world.iam.caller_of(&access_key_id), Err(ExpiredSession));
    assert_eq!(
        world.reason(&caller, PUT),
        Some(DeniedReason::NothingAllows)
    );
    world.role("r").await;
    assert_eq!(world.iam.caller_of(&access_key_id), Err(ExpiredSession));
}

#[tokio::test]
async fn old_sessions_are_forgotten_in_the_end() {
    let world = World::new().await;
    world.role("r").await;
    let (old, _) = world.session("r").await;
    for _ in 0..8 * 24 {
        world.clock.advance_micros(3_600_000_000);
    }
    world.session("r").await;
    assert_eq!(world.iam.caller_of(&old), Ok(None));
    assert_eq!(world.reopened().await.caller_of(&old), Ok(None));
}

#[tokio::test]
async fn a_managed_policy_counts_by_its_default_version() {
    let world = World::new().await;
    world.role("r").await;
    let new = NewPolicy {
        path: "/".to_owned(),
        name: "own".to_owned(),
        document: statement("Allow", "s3:*"),
        description: None,
        tags: Vec::new(),
    };
    let arn = world.iam.create_policy(new.clone()).await.unwrap().arn;
    assert_eq!(
        kind(world.iam.create_policy(new).await),
        IamErrorKind::EntityAlreadyExists
    );
    world.iam.attach_role_policy("r", &arn).await.unwrap();
    assert_eq!(
        kind(world.iam.delete_policy(&arn).await),
        IamErrorKind::DeleteConflict
    );
    let (_, caller) = world.session("r").await;
    let iam = &world.iam;
    iam.create_policy_version(&arn, &statement("Allow", "xray:*"), false)
        .await
        .unwrap();
    assert_eq!(
        world.reason(&caller, PUT),
        Some(DeniedReason::NothingAllows)
    );
    iam.set_default_policy_version(&arn, "v2").await.unwrap();
    assert_eq!(world.reason(&caller, PUT), None);
    assert_eq!(
        kind(iam.delete_policy_version(&arn, "v2").await),
        IamErrorKind::DeleteConflict
    );
    iam.delete_policy_version(&arn, "v1").await.unwrap();
    let next = iam
        .create_policy_version(&arn, &statement("Deny", "*"), true)
        .await
        .unwrap();
    assert_eq!(next.id, "v3");
    assert_eq!(world.reason(&caller, PUT), Some(DeniedReason::ExplicitDeny));
}

#[tokio::test]
async fn awss_own_policies_cannot_be_changed() {
    let world = World::new().await;
    let deleted = world.iam.delete_policy(WRITE_TRACES).await;
    assert_eq!(kind(deleted), IamErrorKind::AccessDenied);
    let unknown = world.iam.attach_role_policy("none", WRITE_TRACES).await;
    assert_eq!(kind(unknown), IamErrorKind::NoSuchEntity);
}
