use super::*;

const HEAD: &str = r#""name":"cart","id":"00f067aa0ba902b7","trace_id":"1-67000001-0123456789abcdef01234567","start_time":1728053249.1"#;

fn parse(json: &str) -> Result<Document, Refusal> {
    Document::parse(json.as_bytes())
}

/// A finished segment with more members.
fn segment(more: &str) -> Document {
    parse(&format!("{{{HEAD},\"end_time\":1728053249.4{more}}}")).unwrap()
}

/// The refusal of a finished segment in which `from` stands as `to`.
fn refused(from: &str, to: &str) -> (Option<String>, RefusalCode, String) {
    let json = format!("{{{HEAD},\"end_time\":1728053249.4}}");
    assert!(json.contains(from), "{from}");
    let refusal = parse(&json.replace(from, to)).unwrap_err();
    (refusal.id, refusal.code, refusal.message)
}

#[test]
fn a_finished_segment_is_taken() {
    let document = segment("");
    assert_eq!(document.entity.id.to_string(), "00f067aa0ba902b7");
    assert_eq!(&*document.entity.name, "cart");
    assert!(!document.entity.is_open());
    assert!(matches!(&document.kind, Kind::Segment(fields) if fields.parent_id.is_none()));
    assert!(document.trims.is_empty());
}

#[test]
fn what_is_not_json_is_an_unreadable_segment() {
    for json in ["", "{", "{]", "{} {}", "\u{feff}{}", "{\"id\":NaN}"] {
        let refusal = parse(json).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ParseError, "{json}");
        assert_eq!(refusal.message, "Invalid segment. ErrorCode: ParseError");
        assert_eq!(refusal.id, None);
    }
    assert_eq!(
        Document::parse(b"{\"id\":\"\xff\"}").unwrap_err().code,
        RefusalCode::ParseError
    );
}

#[test]
fn json_that_is_no_object_is_an_unreadable_entity() {
    for json in ["[]", "null", "42", "\"text\"", "true"] {
        let refusal = parse(json).unwrap_err();
        assert_eq!(
            refusal.message, "Invalid entity. ErrorCode: ParseError",
            "{json}"
        );
        assert_eq!(refusal.id, None);
    }
}

#[test]
fn an_id_must_be_there_and_is_echoed() {
    let id = "00f067aa0ba902b7";
    assert_eq!(refused(id, "invalid").0.as_deref(), Some("invalid"));
    assert_eq!(refused(id, "invalid").1, RefusalCode::InvalidId);
    assert_eq!(
        refused(id, ""),
        (
            Some(String::new()),
            RefusalCode::MissingId,
            "Invalid segment. ErrorCode: MissingId".to_owned()
        )
    );
    assert_eq!(refused(&format!("\"{id}\""), "7").1, RefusalCode::MissingId);
    let upper = parse(r#"{"id":"00F067AA0BA902B7"}"#).unwrap_err();
    assert_eq!(upper.id.as_deref(), Some("00F067AA0BA902B7"));
    let empty = parse("{}").unwrap_err();
    assert_eq!((empty.id, empty.code), (None, RefusalCode::MissingId));
}

#[test]
fn a_name_must_be_text_that_is_not_empty() {
    for name in ["\"\"", "null", "7", "{}"] {
        assert_eq!(
            refused("\"cart\"", name).1,
            RefusalCode::MissingName,
            "{name}"
        );
    }
}

#[test]
fn a_name_has_letters_numbers_spaces_and_a_few_signs() {
    let name = segment("").entity.name;
    assert_eq!(&*name, "cart");
    for good in ["a b_.:/%&#=+\\\\-@9", "größe 日本 ٣", "a\u{a0}b"] {
        let json = format!("{{{HEAD},\"end_time\":2}}").replace("cart", good);
        assert!(parse(&json).is_ok(), "{good}");
    }
    for bad in ["what?", "a*b", "a\\u0007", "a,b", "(x)", "a\\tb"] {
        assert_eq!(refused("cart", bad).1, RefusalCode::InvalidName, "{bad}");
    }
}

#[test]
fn a_name_is_cut_to_two_hundred_characters() {
    let json = format!("{{{HEAD},\"end_time\":2}}").replace("cart", &"ü".repeat(300));
    let document = parse(&json).unwrap();
    assert_eq!(&*document.entity.name, "ü".repeat(200));
    assert_eq!(document.trims.names_cut, 1);
}

#[test]
fn a_name_is_made_of_any_text() {
    let long = "ü".repeat(300);
    for (text, name) in [
        ("cart", Some("cart")),
        ("GET /users/{id}?", Some("GET /users/id")),
        (&long, Some(&*"ü".repeat(200))),
        ("{}\n", None),
        ("", None),
    ] {
        assert_eq!(name_from(text).as_deref(), name, "{text}");
        if let Some(name) = name {
            let json = format!("{{{HEAD},\"end_time\":2}}").replace("cart", name);
            assert_eq!(&*parse(&json).unwrap().entity.name, name);
        }
    }
}

#[test]
fn a_trace_id_must_be_there_in_xray_form() {
    let id = "1-67000001-0123456789abcdef01234567";
    assert_eq!(refused(id, "not-a-trace").1, RefusalCode::InvalidTraceId);
    assert_eq!(
        refused(id, "670000010123456789abcdef01234567").1,
        RefusalCode::InvalidTraceId
    );
    assert_eq!(
        refused(&format!("\"{id}\""), "null").1,
        RefusalCode::MissingTraceId
    );
    assert_eq!(refused(id, "x").0.as_deref(), Some("00f067aa0ba902b7"));
}

#[test]
fn a_start_must_be_a_number() {
    assert_eq!(
        refused("1728053249.1", "\"1\"").1,
        RefusalCode::MissingStartTime
    );
    assert_eq!(
        refused("1728053249.1", "null").1,
        RefusalCode::MissingStartTime
    );
}

#[test]
fn a_segment_has_an_end_or_is_in_progress() {
    assert_eq!(
        refused("\"end_time\":1728053249.4", "\"x\":1").1,
        RefusalCode::MissingEndTime
    );
    let open = "\"in_progress\":false";
    assert_eq!(
        refused("\"end_time\":1728053249.4", open).1,
        RefusalCode::MissingEndTime
    );
    let both = "\"in_progress\":true,\"end_time\":2";
    assert_eq!(
        refused("\"end_time\":1728053249.4", both).2,
        "Invalid segment. ErrorCode: InProgressSegmentHasEndTime"
    );
    let open = parse(&format!("{{{HEAD},\"in_progress\":true}}")).unwrap();
    assert!(open.entity.is_open());
}

#[test]
fn any_time_is_taken() {
    for (start, end) in [("0", "1"), ("-1", "5"), ("9e12", "1"), ("1", "-0.5")] {
        let json = format!("{{{HEAD},\"end_time\":{end}}}").replace("1728053249.1", start);
        assert!(parse(&json).is_ok(), "{start} {end}");
    }
}

#[test]
fn a_subsegment_on_its_own_says_whose_it_is() {
    let json = format!("{{{HEAD},\"end_time\":2,\"type\":\"subsegment\"}}");
    assert_eq!(
        parse(&json).unwrap_err().message,
        "Invalid subsegment. ErrorCode: MissingParentId, Cause: null"
    );
    let json = json.replace("\"type\"", "\"parent_id\":\"00f067aa0ba902b8\",\"type\"");
    let document = parse(&json).unwrap();
    assert!(matches!(document.kind, Kind::Subsegment { parent_id } if parent_id.bits() & 0xf == 8));
}

#[test]
fn a_parent_is_sixteen_hex_digits() {
    let refusal = parse(&format!("{{{HEAD},\"end_time\":2,\"parent_id\":\"x\"}}")).unwrap_err();
    assert_eq!(
        refusal.message,
        "Invalid segment. ErrorCode: InvalidParentId"
    );
}

#[test]
fn a_type_is_segment_or_subsegment() {
    for kind in ["\"trace\"", "7", "[]", "{}"] {
        let refusal = parse(&format!("{{{HEAD},\"end_time\":2,\"type\":{kind}}}")).unwrap_err();
        assert_eq!(refusal.message, "Invalid entity. ErrorCode: UnknownType");
        assert_eq!(refusal.id.as_deref(), Some("00f067aa0ba902b7"));
    }
    assert!(matches!(
        segment(",\"type\":\"segment\"").kind,
        Kind::Segment(_)
    ));
}

#[test]
fn the_checks_come_in_the_services_order() {
    let json = r#"{"type":"subsegment","name":"","id":"x","trace_id":"","in_progress":true,"end_time":1,"parent_id":"y",
        "subsegments":[null]}"#;
    let steps = [
        ("\"x\"", "\"00f067aa0ba902b7\"", RefusalCode::InvalidId),
        ("\"name\":\"\"", "\"name\":\"n\"", RefusalCode::MissingName),
        (
            "\"trace_id\":\"\"",
            "\"trace_id\":\"1-00000000-0123456789abcdef01234567\"",
            RefusalCode::MissingTraceId,
        ),
        (
            "\"in_p",
            "\"start_time\":1,\"in_p",
            RefusalCode::MissingStartTime,
        ),
        ("true", "false", RefusalCode::InProgressSubsegmentHasEndTime),
        (
            "\"y\"",
            "\"00f067aa0ba902b8\"",
            RefusalCode::InvalidParentId,
        ),
        ("[null]", "[]", RefusalCode::ParseError),
    ];
    let mut json = json.to_owned();
    for (from, to, code) in steps {
        assert_eq!(parse(&json).unwrap_err().code, code);
        json = json.replace(from, to);
    }
    assert!(parse(&json).is_ok());
}

#[test]
fn a_nested_fault_refuses_the_whole_under_the_outer_id() {
    let nested = |inner: &str| {
        let child = format!(
            r#"{{"name":"a","id":"0000000000000001","start_time":1,"end_time":2,"subsegments":[{inner}]}}"#
        );
        parse(&format!(
            "{{{HEAD},\"end_time\":2,\"subsegments\":[{child}]}}"
        ))
        .unwrap_err()
    };
    let refusal = nested(r#"{"name":"b","id":"0000000000000002","start_time":1}"#);
    assert_eq!(refusal.id.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!(
        refusal.message,
        "Invalid subsegment. ErrorCode: MissingEndTime, Cause: null"
    );
    for element in ["null", "[]", "7"] {
        assert_eq!(
            nested(element).message,
            "Invalid entity. ErrorCode: ParseError"
        );
    }
}

#[test]
fn subsegments_that_are_no_list_are_dropped() {
    for value in ["{}", "\"bad\"", "42", "null", "[]"] {
        let document = segment(&format!(",\"subsegments\":{value}"));
        assert!(document.entity.subsegments.is_empty(), "{value}");
    }
}

#[test]
fn more_subsegments_than_can_be_whole_are_not_read() {
    let of = |child: &str, count: usize| {
        let children = vec![child; count].join(",");
        parse(&format!(
            "{{{HEAD},\"end_time\":2,\"subsegments\":[{children}]}}"
        ))
    };
    assert_eq!(of("{}", 10).unwrap_err().code, RefusalCode::MissingId);
    assert_eq!(of("{}", 100_000).unwrap_err().code, RefusalCode::ParseError);
    let shortest = r#"{"id":"0000000000000001","name":"a","start_time":1,"end_time":2}"#;
    let most = Limits::DEFAULT.bytes / (shortest.len() + 1) - 10;
    assert_eq!(of(shortest, most).unwrap().entity.subsegments.len(), most);
}

#[test]
fn embedded_subsegments_may_say_anything_of_type_and_parent() {
    let child = r#"{"name":"a","id":"0000000000000001","start_time":1,"end_time":2,"type":"x","parent_id":"y","trace_id":9}"#;
    assert_eq!(
        segment(&format!(",\"subsegments\":[{child}]"))
            .entity
            .subsegments
            .len(),
        1
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let open =
            r#"{"name":"a","id":"0000000000000001","start_time":1,"end_time":2,"subsegments":["#;
        let json = format!(
            "{{{HEAD},\"end_time\":2,\"subsegments\":[{}{}]}}",
            open.repeat(levels),
            "]}".repeat(levels)
        );
        parse(&json).map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(nested(128), Ok(()));
    assert_eq!(nested(129), Err(RefusalCode::ParseError));
    assert_eq!(nested(5_000), Err(RefusalCode::ParseError));
    let brackets = "[".repeat(100_000);
    assert!(parse(&brackets).is_err());
    assert!(parse(&format!("{{\"metadata\":{brackets}")).is_err());
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for member in ["aws", "metadata", "service", "http", "whatever", "name_"] {
        let document = segment(&format!(",\"{member}\":{{\"a\":{deep}}}"));
        assert!(document.entity.aws.is_none() && document.entity.metadata.is_none());
        assert!(!document.trims.is_empty());
    }
    for (levels, trimmed) in [(127, 0), (128, 1)] {
        let deep = "[".repeat(levels - 1) + &"]".repeat(levels - 1);
        for member in ["aws", "metadata", "service"] {
            let document = segment(&format!(",\"{member}\":{{\"a\":{deep}}}"));
            assert_eq!(document.trims.wrong_type, trimmed, "{member} of {levels}");
        }
    }
}

#[test]
fn size_is_bounded() {
    let json = format!(
        "{{{HEAD},\"end_time\":2,\"x\":\"{}\"}}",
        "y".repeat(512_000)
    );
    let refusal = parse(&json).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::InvalidSegment);
    assert!(refusal.message.starts_with("Trace Size Exceeded."));
    assert!(parse(&json.replace(&"y".repeat(400_000), "")).is_ok());
}

#[test]
fn annotations_are_text_numbers_and_booleans() {
    let document = segment(
        r#","annotations":{"plan":"gold","qty":3,"vip":true,"huge":36893488147419103232,"aws:api_id":"x",
        "guid:x-request-id":"y","bad key":1,"list":[1],"nil":null,"object":{},"plan":"silver"}"#,
    );
    let annotations: Vec<_> = document
        .entity
        .annotations
        .iter()
        .map(|(key, value)| (&**key, value.clone()))
        .collect();
    assert_eq!(
        annotations,
        [
            ("qty", AnnotationValue::Number(3.0)),
            ("vip", AnnotationValue::Boolean(true)),
            (
                "huge",
                AnnotationValue::Number(36_893_488_147_419_103_232.0)
            ),
            ("aws:api_id", AnnotationValue::Text("x".into())),
            ("guid:x-request-id", AnnotationValue::Text("y".into())),
            ("plan", AnnotationValue::Text("silver".into())),
        ]
    );
    assert_eq!(document.trims.annotations, 4);
}

#[test]
fn a_field_of_the_wrong_type_is_dropped_and_counted() {
    let document = segment(
        r#","http":{"request":{"method":"GET","url":7},"response":{"status":200,"content_length":"12"}},
        "user":null,"fault":"yes","error":false,"metadata":[1],"aws":"x","annotations":[]"#,
    );
    let http = document.entity.http.as_ref().unwrap();
    assert_eq!(
        http.request.as_ref().unwrap().method.as_deref(),
        Some("GET")
    );
    assert_eq!(http.request.as_ref().unwrap().url, None);
    let response = http.response.as_ref().unwrap();
    assert_eq!(
        (response.status, response.content_length),
        (Some(200), None)
    );
    assert_eq!(document.entity.flags.fault, None);
    assert_eq!(document.entity.flags.error, Some(false));
    assert_eq!(document.trims.wrong_type, 6);
    assert_eq!(document.trims.unknown, 0);
}

#[test]
fn unknown_fields_are_dropped_and_counted() {
    let document = segment(r#","noOp":true,"http":{"request":{"traced":true}}"#);
    assert_eq!(document.trims.unknown, 2);
}

#[test]
fn metadata_is_kept_to_the_byte() {
    let metadata =
        r#"{"box": {"b":1e2, "a":[1,{"z":null}], "big":123456789012345678901234567890}}"#;
    let document = segment(&format!(",\"metadata\":{metadata}"));
    assert_eq!(document.entity.metadata.unwrap().get(), metadata);
}

#[test]
fn a_cause_has_three_shapes() {
    let cause = |json: &str| {
        segment(&format!(",\"cause\":{json}"))
            .entity
            .cause
            .map(|cause| *cause)
    };
    assert_eq!(
        cause("\"8888888888888888\""),
        Some(Cause::Reference("8888888888888888".into()))
    );
    let Some(Cause::Recorded(node)) = cause(r#"{"id":"0000000000000001"}"#) else {
        panic!("an object is recorded");
    };
    assert_eq!(node.id.as_deref(), Some("0000000000000001"));
    let Some(Cause::Recorded(full)) = cause(
        r#"{"working_directory":"/w","paths":["p"],"exceptions":[{"id":"8888888888888888","type":"Boom","message":"no",
        "stack":[{"path":"a.js","line":null,"label":"f"}]},"text"]}"#,
    ) else {
        panic!("an object is recorded");
    };
    assert_eq!(full.exceptions.len(), 2);
    assert_eq!(full.exceptions[0].kind.as_deref(), Some("Boom"));
    assert_eq!(full.exceptions[0].stack[0].line, None);
    assert_eq!(full.exceptions[1], Exception::default());
}

#[test]
fn half_a_character_costs_a_character_and_not_the_document() {
    let document = segment(r#","user":"ada \ud83d","metadata":{"cut":"\ud83d"}"#);
    assert!(
        matches!(&document.kind, Kind::Segment(fields) if fields.user.as_deref() == Some("ada \u{fffd}"))
    );
    assert_eq!(
        document.entity.metadata.unwrap().get(),
        r#"{"cut":"\ufffd"}"#
    );
}

#[test]
fn a_repeated_member_keeps_its_last_value() {
    assert_eq!(segment(",\"name\":\"other\"").entity.name.as_ref(), "other");
}

#[test]
fn the_python_sdks_subsegment_is_taken() {
    let child = r#"{"id": "1111111111111111", "name": "caf\u00e9", "start_time": 1728053249.2345678, "in_progress": false,
        "parent_id": "00f067aa0ba902b7", "subsegments": [], "type": "subsegment", "namespace": "local",
        "trace_id": "1-67000001-0123456789abcdef01234567", "end_time": 1728053249.3, "sql": {"user": null, "url": "x"},
        "aws": {"consumed_capacity": [{"a": 1}], "retries": 0}, "links": [{"trace_id": "x"}]}"#;
    let document = segment(&format!(",\"subsegments\":[{child}]"));
    let child = &document.entity.subsegments[0];
    assert_eq!(&*child.name, "café");
    assert_eq!(child.start.seconds(), 1_728_053_249.234_567_8);
    assert_eq!(child.sql.as_ref().unwrap().user, None);
    assert_eq!(child.aws.as_ref().unwrap().0.iter().count(), 2);
    assert!(child.links.is_empty());
}

#[test]
fn facts_are_the_document_without_its_metadata() {
    let child = r#"{"id":"1111111111111111","name":"c","start_time":1,"end_time":2,"metadata":{"é":["\ud83d","}"]},"fault":true}"#;
    let json = format!(
        r#"{{{HEAD},"metadata":{{"first":1}},"end_time":2,"metadata" : {{"a":{{}}}} ,"annotations":{{"k":1}},"subsegments":[{child}]}}"#
    );
    let whole = parse(&json).unwrap();
    let facts = Document::parse_facts(Limits::DEFAULT, json.as_bytes()).unwrap();
    assert!(facts.entity.metadata.is_none());
    assert!(facts.entity.subsegments[0].metadata.is_none());
    assert_eq!(facts.entity.annotations, whole.entity.annotations);
    assert_eq!(facts.trims, whole.trims);
    assert_eq!(whole.json_bytes, json.len());
    let left = [r#"{"first":1}"#, r#"{"a":{}}"#, r#"{"é":["\ud83d","}"]}"#];
    let left: usize = left.iter().map(|left| left.len()).sum();
    assert_eq!(facts.json_bytes, json.len() - left);
}

#[test]
fn entities_weigh_however_little_they_say() {
    let child = r#"{"id":"1111111111111111","name":"c","start_time":1,"end_time":2}"#;
    let children = vec![child; 100].join(",");
    let document = parse(&format!(
        r#"{{{HEAD},"end_time":2,"subsegments":[{children}]}}"#
    ));
    assert!(document.unwrap().weight() > 100 * size_of::<Entity>());
}

#[test]
fn metadata_of_the_wrong_type_stays_and_is_counted_again() {
    let json = format!(r#"{{{HEAD},"end_time":2,"metadata":[1]}}"#);
    let facts = Document::parse_facts(Limits::DEFAULT, json.as_bytes()).unwrap();
    assert_eq!(facts.trims.wrong_type, 1);
    assert_eq!(facts.json_bytes, json.len());
}
