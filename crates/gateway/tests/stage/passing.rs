//! What is told of every request when it is over, sampled or not: to whoever counts it and whoever remembers it.

use std::time::Duration;

use fluoro_sampling::{Decision, How, KeepUnsampled, Kept};
use fluoro_statistics::Subject;
use serde_json::json;

use crate::world::{Request, World, raised, returned};

const UNSAMPLED: How = How::Header;

async fn proxied(keep: KeepUnsampled) -> World {
    let world = World::keeping(keep).await;
    world.proxy("GET", "/items/{id}").await;
    world.deploy(true).await;
    *world.sampler.decision.lock() = Decision {
        sampled: false,
        how: UNSAMPLED,
    };
    world
}

/// Subject and counts, the method alone of the former.
fn counted(world: &World) -> Vec<(Option<String>, [u64; 4])> {
    let totals = world.statistics.totals().into_iter();
    totals
        .map(|(subject, all)| {
            let Subject::Method {
                method, resource, ..
            } = subject
            else {
                panic!("{subject:?} is no method");
            };
            let method = method
                .zip(resource)
                .map(|(verb, path)| format!("{verb} {path}"));
            (
                method,
                [all.requests, all.errors, all.throttles, all.faults],
            )
        })
        .collect()
}

#[tokio::test]
async fn every_request_is_counted_by_its_method_and_told_of_once() {
    let world = proxied(KeepUnsampled::default()).await;
    world.send(Request::get("/items/1")).await;
    world
        .invoker
        .answers(|_| Ok(returned(r#"{"statusCode": 429}"#)));
    world.send(Request::get("/items/2")).await;
    world.invoker.answers(|_| Ok(raised("{}")));
    world.send(Request::get("/items/3")).await;
    world.send(Request::get("/elsewhere")).await;
    world.send(Request::get("/items/4").stage("none")).await;
    assert_eq!(
        counted(&world),
        [
            (None, [1, 1, 0, 0]),
            (Some("GET /items/{id}".to_owned()), [3, 1, 1, 1])
        ]
    );
    let told = world.sampler.finished.lock();
    let paths: Vec<_> = told
        .iter()
        .map(|one| (one.path.as_deref().unwrap(), one.status))
        .collect();
    assert_eq!(
        paths,
        [
            ("/dev/items/1", Some(200)),
            ("/dev/items/2", Some(429)),
            ("/dev/items/3", Some(502)),
            ("/dev/elsewhere", Some(403))
        ]
    );
    assert!(
        told.iter()
            .all(|one| one.how == UNSAMPLED && one.kept.is_none())
    );
    assert_eq!(world.sink.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_is_told_of_too() {
    let world = proxied(KeepUnsampled::default()).await;
    *world.invoker.hangs.lock() = true;
    {
        let request = world.stage_request(Request::get("/items/1"));
        let waiting = world.gateway.handle(request);
        let gone = tokio::time::timeout(Duration::from_millis(10), waiting).await;
        assert!(gone.is_err());
    }
    assert_eq!(counted(&world)[0].1, [1, 1, 0, 0]);
    assert_eq!(world.sampler.finished.lock()[0].status, None);
}

#[tokio::test]
async fn a_new_deployment_goes_on_counting() {
    let world = proxied(KeepUnsampled::default()).await;
    world.send(Request::get("/items/1")).await;
    world.patch_stage("/tracingEnabled", "false").await;
    world.send(Request::get("/items/1")).await;
    assert_eq!(counted(&world)[0].1[0], 2);
}

#[tokio::test]
async fn a_fault_is_recorded_afterwards_when_that_is_asked_for() {
    let keep = KeepUnsampled {
        faults: true,
        slow: None,
    };
    let world = proxied(keep).await;
    world.send(Request::get("/items/1")).await;
    assert_eq!(world.sink.count(), 0);
    assert_eq!(world.sink.open_now(), 0);
    world.invoker.answers(|_| Ok(raised("{}")));
    world.send(Request::get("/items/2")).await;
    let segment = world.sink.only();
    assert_eq!(segment["fault"], true);
    assert_eq!(segment["subsegments"][0]["fault"], true);
    assert_eq!(
        segment["metadata"]["fluoro"]["sampling"],
        json!({"sampled": false, "how": {"by": "header"}})
    );
    assert_eq!(segment["metadata"]["fluoro"]["kept"], "fault");
    assert!(segment["aws"].get("xray").is_none());
    let told = world.sampler.finished.lock();
    assert_eq!((told[0].kept, told[1].kept), (None, Some(Kept::Fault)));
    // What the function records afterwards hangs under our subsegment.
    let sent = world.invoker.seen.lock()[1].trace.to_string();
    let call = segment["subsegments"][0]["id"].as_str().unwrap();
    assert!(
        sent.contains(&format!(";Parent={call};Sampled=0")),
        "{sent}"
    );
}

#[tokio::test]
async fn what_took_long_is_recorded_afterwards_when_that_is_asked_for() {
    let keep = KeepUnsampled {
        faults: false,
        slow: Some(Duration::from_secs(1)),
    };
    let world = proxied(keep).await;
    let clock = std::sync::Arc::clone(&world.clock);
    world.invoker.answers(move |_| {
        clock.advance_micros(600_000);
        Ok(raised("{}"))
    });
    world.send(Request::get("/items/1")).await;
    assert_eq!(world.sink.count(), 0);
    let clock = std::sync::Arc::clone(&world.clock);
    world.invoker.answers(move |_| {
        clock.advance_micros(1_200_000);
        Ok(returned(r#"{"statusCode": 200}"#))
    });
    world.send(Request::get("/items/2")).await;
    assert_eq!(world.sink.only()["metadata"]["fluoro"]["kept"], "slow");
    assert_eq!(world.sampler.finished.lock()[1].took_micros, 1_200_000);
}

#[tokio::test]
async fn a_stage_that_does_not_trace_keeps_nothing() {
    let keep = KeepUnsampled {
        faults: true,
        slow: None,
    };
    let world = proxied(keep).await;
    world.patch_stage("/tracingEnabled", "false").await;
    world.invoker.answers(|_| Ok(raised("{}")));
    world.send(Request::get("/items/1")).await;
    assert_eq!(world.sink.count(), 0);
}
