//! What becomes of code, roles and accepted events when functions change.

use std::time::Duration;

use fluoro_functions::InvokeError;
use fluoro_iam::Iam;

use crate::support::{World, invocation, json, role};

const HANDLER: &str = "def handler(event, context): return 1\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_role_made_anew_is_assumed_anew() {
    let world = World::new().await;
    let source = "import os\ndef handler(event, context): return os.environ['AWS_ACCESS_KEY_ID']\n";
    let silent = format!("arn:aws:iam::{}:role/silent", crate::support::ACCOUNT);
    let arn = world
        .create("assumes", &[("app.py", source)], |c| c.role = silent)
        .await;
    let is_good = |iam: &Iam, key: &serde_json::Value| {
        matches!(iam.caller_of(key.as_str().unwrap()), Ok(Some(_)))
    };
    let first = json(&world.invoke(&arn, "{}").await.payload);
    assert!(is_good(&world.iam, &first));
    world.iam.delete_role("silent").await.unwrap();
    world.iam.create_role(role("silent")).await.unwrap();
    assert!(!is_good(&world.iam, &first));
    let second = json(&world.invoke(&arn, "{}").await.payload);
    assert!(is_good(&world.iam, &second));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_while_the_server_closes() {
    let world = World::new().await;
    let arn = world.python("late", HANDLER).await;
    world.functions.shutdown(Duration::from_secs(10)).await;
    let refused = world
        .functions
        .invoke_async(invocation(&arn, "{}", ""))
        .await;
    assert!(matches!(refused, Err(InvokeError::Service(_))));
}
