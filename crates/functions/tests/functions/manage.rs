//! What becomes of code, roles and accepted events when functions change.

use std::collections::BTreeMap;
use std::time::Duration;

use fluoro_functions::{InvokeError, ManageError, NewFunction};
use fluoro_iam::Iam;

use crate::support::{World, archive, configuration, invocation, json, role, until};

const HANDLER: &str = "def handler(event, context): return 1\n";

impl World {
    /// Archives and unpacked directories.
    fn stored(&self) -> usize {
        let code = self.directory.path().join("functions/code");
        std::fs::read_dir(code).unwrap().count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_no_function_has_does_not_stay() {
    let world = World::new().await;
    let arn = world.python("first", HANDLER).await;
    let other = world.python("other", HANDLER).await;
    assert_eq!(world.stored(), 2);

    let newer = archive(&[("app.py", "def handler(event, context): return 2\n")]);
    let changed = world.functions.update_code(&arn, newer.clone(), None).await;
    changed.unwrap();
    world.ready(&arn).await;
    assert_eq!(json(&world.invoke(&arn, "{}").await.payload), 2);
    assert_eq!(json(&world.invoke(&other, "{}").await.payload), 1);
    assert_eq!(world.stored(), 4);
    world.functions.delete(&other).await.unwrap();
    until(|| world.stored() == 2).await;

    let refused = archive(&[("app.py", "def handler(event, context): return 3\n")]);
    let changed = world
        .functions
        .update_code(&arn, refused.clone(), Some("old"));
    assert!(matches!(changed.await, Err(ManageError::OtherRevision(_))));
    let taken = NewFunction {
        arn: arn.clone(),
        configuration: configuration(),
        archive: refused,
        tags: BTreeMap::new(),
    };
    let created = world.functions.create(taken).await;
    assert!(matches!(created, Err(ManageError::AlreadyExists(_))));
    assert_eq!(world.stored(), 2);
    assert_eq!(world.functions.archive(&arn).await.unwrap(), newer);
    assert_eq!(json(&world.invoke(&arn, "{}").await.payload), 2);

    let newest = archive(&[("app.py", HANDLER)]);
    let changed = world.functions.update_code(&arn, newest, None).await;
    changed.unwrap();
    world.ready(&arn).await;
    until(|| world.stored() == 2).await;
    assert_eq!(json(&world.invoke(&arn, "{}").await.payload), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_stays_as_long_as_it_runs() {
    let world = World::new().await;
    let source = "import pathlib, time\ndef handler(event, context):\n    pathlib.Path(event['begun']).touch()\n    while not pathlib.Path(event['go_on']).exists(): time.sleep(0.01)\n    import late\n    return late.word\n";
    let files = [("app.py", source), ("late.py", "word = 'b7'\n")];
    let arn = world.create("slow", &files, |_| {}).await;
    let path = |name: &str| world.directory.path().join(name);
    let event = serde_json::json!({"begun": path("begun"), "go_on": path("go_on")}).to_string();
    let change = async {
        until(|| path("begun").exists()).await;
        let newer = archive(&[("app.py", HANDLER)]);
        let changed = world.functions.update_code(&arn, newer, None).await;
        changed.unwrap();
        world.ready(&arn).await;
        // The next change comes while the first code is still in use.
        let newest = archive(&[("app.py", HANDLER), ("more.py", "")]);
        let changed = world.functions.update_code(&arn, newest, None).await;
        changed.unwrap();
        world.ready(&arn).await;
        until(|| world.stored() == 4).await;
        std::fs::write(path("go_on"), "").unwrap();
    };
    let (outcome, ()) = tokio::join!(world.invoke(&arn, &event), change);
    assert_eq!(json(&outcome.payload), "b7");
}

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
