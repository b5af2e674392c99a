use serde_json::{Value, json};

use super::*;
use crate::fixture::{deliveries, document, entity, id, trace_id};
use crate::projection::Projection;

fn project(documents: &[Value]) -> Projection {
    Trace::assemble(trace_id(), &deliveries(&[documents])).projection()
}

/// Paths as text: `impacting: service[entity(exception) remote>] | inferred?[…]`.
fn paths(projection: &Projection, causes: &[RootCause<FailedEntity>]) -> Vec<String> {
    let entity = |entity: &FailedEntity| {
        let remote = if entity.remote { ">" } else { "" };
        let exceptions = entity.exceptions.iter();
        let told = exceptions.map(|it| format!("!{}", it.name.as_deref().unwrap_or("?")));
        format!("{}{}{remote}", entity.name, told.collect::<String>())
    };
    causes
        .iter()
        .map(|cause| path(projection, cause, entity))
        .collect()
}

fn path<E>(projection: &Projection, cause: &RootCause<E>, entity: impl Fn(&E) -> String) -> String {
    let services = cause.services.iter().map(|service| {
        let entities: Vec<_> = service.entities.iter().map(&entity).collect();
        let inferred = if service.inferred { "?" } else { "" };
        format!(
            "{}{inferred}[{}]",
            projection.node(service.node).name,
            entities.join(" ")
        )
    });
    let services: Vec<_> = services.collect();
    let impact = if cause.client_impacting {
        ""
    } else {
        "absorbed "
    };
    format!("{impact}{}", services.join(" | "))
}

fn faults(documents: &[Value]) -> Vec<String> {
    let projection = project(documents);
    paths(&projection, &projection.causes.fault)
}

fn time(documents: &[Value]) -> Vec<String> {
    let projection = project(documents);
    let entity = |entity: &SlowEntity| {
        let remote = if entity.remote { ">" } else { "" };
        format!("{}{remote} {:.2}", entity.name, entity.coverage)
    };
    let causes = projection.causes.response_time.iter();
    causes
        .map(|cause| path(&projection, cause, entity))
        .collect()
}

fn thrown(kind: &str) -> Value {
    json!({"exceptions": [{"id": format!("{kind:8>16}"), "type": kind, "message": "it broke"}]})
}

/// A root with these members.
fn shop(more: Value) -> Value {
    document(entity(1, "shop", 0.0, 4.0, more))
}

/// A failed call, to be embedded.
fn call(number: u64, name: &str, more: Value) -> Value {
    let mut call = entity(
        number,
        name,
        0.5,
        1.0,
        json!({"namespace": "remote", "fault": true}),
    );
    call.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    call
}

#[test]
fn an_exception_on_a_faulted_root_is_a_path_of_one_entity() {
    let documents = [shop(json!({"fault": true, "cause": thrown("Boom")}))];
    assert_eq!(faults(&documents), ["shop[shop!Boom]"]);
    let projection = project(&documents);
    assert_eq!(projection.causes.error, []);
    assert_eq!(
        projection.causes.fault[0].services[0].entities[0].exceptions[0]
            .message
            .as_deref(),
        Some("it broke")
    );
}

#[test]
fn an_exception_in_a_local_subsegment_comes_after_the_roots_entity() {
    let charge = entity(
        2,
        "charge",
        0.5,
        1.0,
        json!({"fault": true, "cause": thrown("Boom")}),
    );
    assert_eq!(
        faults(&[shop(json!({"fault": true, "subsegments": [charge]}))]),
        ["shop[shop charge!Boom]"]
    );
}

#[test]
fn a_flag_alone_is_no_cause() {
    assert!(faults(&[shop(json!({"fault": true}))]).is_empty());
}

#[test]
fn empty_steps_stay_and_flagged_leaves_below_the_exception_are_left_out() {
    let leaf = entity(4, "leaf", 0.5, 1.0, json!({"fault": true}));
    let inner = entity(
        3,
        "inner",
        0.5,
        1.0,
        json!({"fault": true, "cause": thrown("Boom"), "subsegments": [leaf]}),
    );
    let middle = entity(
        2,
        "middle",
        0.5,
        1.0,
        json!({"fault": true, "subsegments": [inner]}),
    );
    assert_eq!(
        faults(&[shop(json!({"fault": true, "subsegments": [middle]}))]),
        ["shop[shop middle inner!Boom]"]
    );
}

#[test]
fn a_failed_silent_callee_goes_before_a_local_exception_and_ends_the_path() {
    let local = entity(
        2,
        "local",
        0.0,
        1.0,
        json!({"fault": true, "cause": thrown("Local")}),
    );
    let pay = call(3, "pay", json!({"cause": thrown("Refused")}));
    let documents = [shop(
        json!({"fault": true, "cause": thrown("Own"), "subsegments": [local, pay]}),
    )];
    assert_eq!(
        faults(&documents),
        ["shop[shop!Own pay!Refused>] | pay?[pay]"]
    );
    let quiet = [shop(
        json!({"fault": true, "cause": thrown("Own"), "subsegments": [call(3, "pay", json!({}))]}),
    )];
    assert_eq!(faults(&quiet), ["shop[shop!Own pay>] | pay?[pay]"]);
}

#[test]
fn a_path_follows_the_call_into_the_callee() {
    let documents = [
        shop(json!({"fault": true, "subsegments": [call(2, "cart.test", json!({}))]})),
        document(entity(
            3,
            "cart",
            0.6,
            0.9,
            json!({"parent_id": id(2), "fault": true, "cause": thrown("Boom")}),
        )),
    ];
    assert_eq!(
        faults(&documents),
        ["shop[shop cart.test>] | cart[cart!Boom]"]
    );
}

#[test]
fn a_failure_that_the_root_absorbed_starts_at_the_failing_service() {
    let vault = entity(
        5,
        "vault",
        0.6,
        0.8,
        json!({"namespace": "aws", "error": true, "throttle": true, "http": {"response": {"status": 429}}}),
    );
    let cart =
        json!({"parent_id": id(2), "fault": true, "cause": thrown("Boom"), "subsegments": [vault]});
    let documents = [
        shop(json!({"subsegments": [call(2, "cart.test", json!({}))]})),
        document(entity(3, "cart", 0.6, 0.9, cart)),
    ];
    let projection = project(&documents);
    assert_eq!(
        paths(&projection, &projection.causes.fault),
        ["absorbed cart[cart!Boom]"]
    );
    assert_eq!(
        paths(&projection, &projection.causes.error),
        ["absorbed vault?[vault]"]
    );
}

#[test]
fn text_in_cause_leads_to_who_recorded_the_exception() {
    let deep = entity(
        3,
        "deep",
        0.5,
        1.0,
        json!({"fault": true, "cause": thrown("Boom")}),
    );
    let work = entity(2, "work", 0.5, 1.0, json!({"subsegments": [deep]}));
    let pay = call(4, "pay", json!({}));
    let mut documents = [shop(
        json!({"fault": true, "cause": "888888888888Boom", "subsegments": [work, pay]}),
    )];
    assert_eq!(
        faults(&documents),
        ["shop[shop work deep!Boom]", "absorbed pay?[pay]"]
    );
    documents[0]["cause"] = json!(id(3));
    assert_eq!(faults(&documents), ["absorbed pay?[pay]"]);
}

#[test]
fn text_that_names_no_exception_leads_nowhere_and_erases_nothing_above() {
    let dangling = entity(
        2,
        "work",
        0.5,
        1.0,
        json!({"fault": true, "cause": "dddddddddddddddd"}),
    );
    let own = json!({"fault": true, "cause": thrown("Own"), "subsegments": [dangling.clone()]});
    assert_eq!(faults(&[shop(own)]), ["shop[shop!Own]"]);
    assert!(faults(&[shop(json!({"fault": true, "subsegments": [dangling]}))]).is_empty());
}

#[test]
fn a_failed_silent_callee_needs_no_exception_that_is_known() {
    let pay = call(2, "pay", json!({"cause": "dddddddddddddddd"}));
    assert_eq!(
        faults(&[shop(json!({"fault": true, "subsegments": [pay]}))]),
        ["shop[shop pay>] | pay?[pay]"]
    );
}

#[test]
fn a_reference_below_the_root_leads_on() {
    let deep = entity(
        3,
        "deep",
        0.5,
        1.0,
        json!({"fault": true, "cause": thrown("Boom")}),
    );
    let work = json!({"fault": true, "cause": "888888888888Boom", "subsegments": [deep]});
    let work = entity(2, "work", 0.5, 1.0, work);
    assert_eq!(
        faults(&[shop(json!({"fault": true, "subsegments": [work]}))]),
        ["shop[shop work deep!Boom]"]
    );
}

#[test]
fn a_reference_to_a_call_goes_on_to_who_answered_it() {
    let exception = json!({"exceptions": [{"id": id(8), "type": "Refused", "remote": true}]});
    let call = call(2, "cart.test", json!({"cause": exception}));
    let root = shop(json!({"fault": true, "cause": id(8), "subsegments": [call]}));
    assert_eq!(
        faults(std::slice::from_ref(&root)),
        ["shop[shop cart.test!Refused>] | cart.test?[cart.test]"]
    );
    let cart = json!({"parent_id": id(2), "fault": true, "cause": thrown("Boom")});
    assert_eq!(
        faults(&[root, document(entity(3, "cart", 0.6, 0.9, cart))]),
        ["shop[shop cart.test!Refused>] | cart[cart!Boom]"]
    );
}

#[test]
fn a_service_that_failed_by_itself_is_told_beside_a_failed_root() {
    let absorbed = entity(2, "cart.test", 0.5, 1.0, json!({"namespace": "remote"}));
    let quiet = entity(
        4,
        "retry",
        1.0,
        2.0,
        json!({"subsegments": [call(5, "pay", json!({}))]}),
    );
    let root = json!({"fault": true, "cause": thrown("Own"), "subsegments": [absorbed, quiet]});
    let cart = json!({"parent_id": id(2), "fault": true, "cause": thrown("Boom")});
    let documents = [shop(root), document(entity(3, "cart", 0.6, 0.9, cart))];
    assert_eq!(
        faults(&documents),
        [
            "shop[shop!Own]",
            "absorbed cart[cart!Boom]",
            "absorbed pay?[pay]"
        ]
    );
}

#[test]
fn what_a_service_absorbed_of_its_own_work_is_no_cause() {
    let charge = entity(
        2,
        "charge",
        0.5,
        1.0,
        json!({"fault": true, "cause": thrown("Boom")}),
    );
    assert!(faults(&[shop(json!({"subsegments": [charge]}))]).is_empty());
}

#[test]
fn text_among_exceptions_is_an_exception_of_which_nothing_is_known() {
    let documents = [shop(
        json!({"fault": true, "cause": {"exceptions": ["Boom"]}}),
    )];
    assert_eq!(faults(&documents), ["shop[shop!?]"]);
}

#[test]
fn an_error_is_an_error_or_a_throttle() {
    let projection = project(&[shop(
        json!({"error": true, "throttle": true, "cause": thrown("Slow")}),
    )]);
    assert_eq!(
        paths(&projection, &projection.causes.error),
        ["shop[shop!Slow]"]
    );
    assert_eq!(projection.causes.fault, []);
}

#[test]
fn three_quarters_of_the_roots_time_make_a_path() {
    let render = entity(2, "render", 0.1, 3.1, json!({}));
    assert_eq!(
        time(&[shop(json!({"subsegments": [render]}))]),
        ["shop[shop 1.00 render 0.75]"]
    );
    let pay = entity(2, "pay", 0.1, 3.1, json!({"namespace": "remote"}));
    assert_eq!(
        time(&[shop(json!({"subsegments": [pay]}))]),
        ["shop[shop 1.00 pay> 0.75] | pay?[pay 0.75]"]
    );
}

#[test]
fn shares_are_of_the_roots_time_however_deep() {
    let nested = |end: f64| {
        let inner = entity(3, "inner", 0.2, end, json!({}));
        let outer = entity(2, "outer", 0.1, 3.9, json!({"subsegments": [inner]}));
        time(&[shop(json!({"subsegments": [outer]}))])
    };
    assert_eq!(nested(2.6), ["shop[shop 1.00 outer 0.95 inner 0.60]"]);
    assert_eq!(nested(2.1), ["shop[shop 1.00 outer 0.95]"]);
}

#[test]
fn of_two_that_took_more_than_half_the_longer_counts_and_of_equals_the_earlier() {
    let two = |first: (f64, f64), second: (f64, f64)| {
        let children = [
            entity(2, "first", first.0, first.1, json!({})),
            entity(3, "second", second.0, second.1, json!({})),
        ];
        time(&[shop(json!({"subsegments": children}))])
    };
    assert_eq!(two((0.0, 2.5), (0.5, 3.5)), ["shop[shop 1.00 second 0.75]"]);
    assert_eq!(
        two((0.5, 3.5), (0.25, 3.25)),
        ["shop[shop 1.00 second 0.75]"]
    );
}

#[test]
fn half_of_the_roots_time_is_not_enough() {
    let pay = entity(2, "pay", 1.0, 3.0, json!({"namespace": "remote"}));
    assert!(time(&[shop(json!({"subsegments": [pay]}))]).is_empty());
    assert!(time(&[shop(json!({}))]).is_empty());
}

#[test]
fn time_leads_into_callees_that_do_not_outlive_the_root() {
    let call = entity(2, "cart.test", 0.1, 3.9, json!({"namespace": "remote"}));
    let root = shop(json!({"subsegments": [call]}));
    let cart = |end: f64| document(entity(3, "cart", 0.2, end, json!({"parent_id": id(2)})));
    assert_eq!(
        time(&[root.clone(), cart(3.8)]),
        ["shop[shop 1.00 cart.test> 0.95] | cart[cart 0.90]"]
    );
    assert_eq!(
        time(&[root, cart(5.0)]),
        ["shop[shop 1.00 cart.test> 0.95]"]
    );
}

#[test]
fn the_share_of_an_eternity_is_a_number() {
    let eternal = call(2, "table", json!({"end_time": 1e308}));
    let root = entity(1, "shop", 0.0, 0.5, json!({"subsegments": [eternal]}));
    let projection = project(&[document(root)]);
    let entities = &projection.causes.response_time[0].services[0].entities;
    assert_eq!(entities[1].coverage, f64::MAX);
}

#[test]
fn an_open_root_has_no_response_time_to_explain() {
    let render = entity(2, "render", 0.1, 3.1, json!({}));
    let open = document(entity(
        1,
        "shop",
        0.0,
        None,
        json!({"subsegments": [render]}),
    ));
    assert!(time(&[open]).is_empty());
}
