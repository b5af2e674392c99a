use super::*;

fn flag(flag: Flag) -> Expression {
    Expression::Is(Predicate::Flag(flag, true))
}

fn refused(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn the_empty_expression_is_everything() {
    assert_eq!(parse(" \n"), Ok(Expression::Everything));
}

#[test]
fn and_binds_tighter_than_or_and_side_by_side_is_and() {
    let expected = Expression::Or(vec![
        flag(Flag::Fault),
        Expression::And(vec![
            flag(Flag::Error),
            Expression::Not(Box::new(flag(Flag::Partial))),
        ]),
    ]);
    assert_eq!(parse("fault OR error AND !partial").as_ref(), Ok(&expected));
    assert_eq!(parse("FAULT or Error !partial").as_ref(), Ok(&expected));
    assert_eq!(parse("fault OR (error !(partial))").as_ref(), Ok(&expected));
}

#[test]
fn no_space_is_needed_around_operators() {
    assert_eq!(
        parse("RESPONSETIME>1 and OK"),
        Ok(Expression::And(vec![
            Expression::Is(Predicate::Number(
                Number::ResponseTime,
                Some(NumberTest::Greater(1.0))
            )),
            flag(Flag::Ok),
        ]))
    );
}

#[test]
fn flags_compare_with_booleans_also_in_quotes() {
    for text in [
        "fault = false",
        "fault != true",
        "fault=\"false\"",
        "fault != \"TRUE\"",
    ] {
        assert_eq!(
            parse(text),
            Ok(Expression::Is(Predicate::Flag(Flag::Fault, false))),
            "{text}"
        );
    }
}

#[test]
fn annotations_have_two_spellings() {
    let expected = |key: &str, test| {
        let annotation = Annotation {
            of: AnnotationOf::Here,
            key: key.to_owned(),
        };
        Ok(Expression::Is(Predicate::Annotation(annotation, test)))
    };
    let acme = || Some(ValueTest::Text(TextTest::Equal("acme".to_owned())));
    assert_eq!(
        parse("annotation.Tenant = \"acme\""),
        expected("Tenant", acme())
    );
    assert_eq!(
        parse("annotation[Tenant]=\"acme\""),
        expected("Tenant", acme())
    );
    assert_eq!(
        parse("annotation[\"aws:api_id\"]"),
        expected("aws:api_id", None)
    );
    assert_eq!(
        parse("annotation[ a.b ] = false"),
        expected("a.b", Some(ValueTest::Boolean(false, true)))
    );
    assert_eq!(
        parse("annotation.n>=-1.5e2"),
        expected(
            "n",
            Some(ValueTest::Number(NumberTest::GreaterOrEqual(-150.0)))
        )
    );
}

#[test]
fn nodes_are_named_by_text_or_by_parts() {
    let reference = NodeRef {
        name: Some("carts".into()),
        kind: Some("AWS::DynamoDB::Table".into()),
        account_id: None,
    };
    assert_eq!(
        parse(r#"service(id(type: "AWS::DynamoDB::Table" , name:"carts")) { throttle }"#),
        Ok(Expression::Is(Predicate::Service(
            Some(reference),
            Some(Box::new(flag(Flag::Throttle)))
        )))
    );
    assert_eq!(
        parse("service()"),
        Ok(Expression::Is(Predicate::Service(None, None)))
    );
    assert_eq!(
        parse("service"),
        Ok(Expression::Is(Predicate::Service(None, None)))
    );
}

#[test]
fn every_worked_form_of_the_guide_parses() {
    for text in [
        "duration >= 5 AND duration < 8",
        "http.url BEGINSWITH \"http://shop.test/\" AND http.method = \"GET\"",
        "http.useragent ENDSWITH \"Chrome/120\"",
        "!http.url",
        "user CONTAINS \"\"",
        "resource.arn BEGINSWITH \"arn:aws:lambda:\"",
        "service() { fault }",
        "service(\"shop\") { root = true AND ok }",
        "!service(\"pay.test\")",
        "edge(\"shop\", \"pay.test\") { responsetime > 0.5 }",
        "edge(id(name:\"shop\", type:\"client\"), \"shop\") { error }",
        "edge() { fault }",
        "edge(\"a\",\"b\") { source.annotation.tier = \"x\" destination.annotation[y.z] }",
        "group.name = \"slow\" AND user = \"alice\"",
        "group.arn != \"arn:aws:xray:eu-west-1:111122223333:group/slow/ABC\"",
        "rootcause.fault.service { last AND inferred }",
        "rootcause.fault.exception { last AND message CONTAINS \"denied\" }",
        "rootcause.responsetime.entity { remote AND coverage > 0.7 }",
        "rootcause.responsetime.service { first AND type = \"AWS::ECS::Container\" }",
        "rootcause.fault.service { index > 2 }",
        r#"rootcause.json = #[{"Services":[{"Name":"sh]op"},{"Name":"carts"}]}]"#,
        "(service(\"a\") OR service(\"b\")) AND !service(id(name:\"c\", type:\"client\"))",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn a_symbol_that_does_not_fit_is_named_with_its_place() {
    assert_eq!(
        refused("user = bob"),
        "Error Location: line 1, position 8 : Invalid input symbol: 'bob'"
    );
    assert_eq!(
        refused("é"),
        "Error Location: line 1, position 1 : Invalid input symbol: 'é'"
    );
    assert_eq!(
        refused("fault § ok"),
        "Error Location: line 1, position 7 : Invalid input symbol: '§'"
    );
}

#[test]
fn what_is_missing_at_the_end_names_the_whole_expression() {
    assert_eq!(
        refused("fault AND"),
        "Error Location: line 1, position 10 : Invalid input symbol: 'fault AND'"
    );
    assert_eq!(
        refused("a = 1 AND ("),
        "Error Location: line 1, position 1 : Invalid input symbol: 'a'"
    );
    assert_eq!(
        refused("fault AND ("),
        "Error Location: line 1, position 12 : Invalid input symbol: 'fault AND ('"
    );
}

#[test]
fn a_keyword_out_of_its_place_is_refused() {
    for text in [
        "root",
        "coverage > 1",
        "service(\"a\") { service(\"b\") }",
        "service(\"a\") { edge() }",
        "edge() { user = \"a\" }",
        "edge() { annotation.a }",
        "rootcause.responsetime.exception { message }",
        "rootcause.fault.exception { coverage > 1 }",
        "nonsense",
        "annotation.a.b",
        "annotation",
        "id(name: \"a\")",
        "service(name)",
        "service(id(name: \"a\", name: \"b\"))",
        "service(id())",
        "edge(\"a\")",
        "group.name",
        "group.name CONTAINS \"a\"",
        "rootcause.json = {}",
        "fault ok)",
        "fault = 1",
        "http.url > \"a\"",
        "\"text\"",
        "user = 'bob'",
        "responsetime > ",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_number_asked_of_a_text_holds_for_nothing() {
    assert_eq!(
        parse("http.status = \"200\""),
        Ok(Expression::Is(Predicate::Never))
    );
    assert_eq!(parse("user = 5"), Ok(Expression::Is(Predicate::Never)));
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| format!("{}fault{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&deep(DEEPEST)).is_ok());
    assert!(parse(&deep(DEEPEST + 1)).is_err());
    assert!(parse(&"!".repeat(100_000)).is_err());
}

#[test]
fn texts_undo_their_escapes() {
    let text = parse(r#"user = "a\"b\\c\u00e9\ud83d\ude00""#).unwrap();
    assert_eq!(
        text,
        Expression::Is(Predicate::Text(
            Text::User,
            Some(TextTest::Equal("a\"b\\cé😀".to_owned()))
        ))
    );
    assert!(parse(r#"user = "\q""#).is_err());
    assert!(parse(r#"user = "open"#).is_err());
}

#[test]
fn a_place_counts_lines_and_characters() {
    assert_eq!(
        refused("fault AND\n  é"),
        "Error Location: line 2, position 3 : Invalid input symbol: 'é'"
    );
    assert_eq!(
        refused("fault\nAND (\n"),
        "Error Location: line 3, position 1 : Invalid input symbol: 'fault\nAND (\n'"
    );
}

#[test]
fn length_is_bounded() {
    let long = |length: usize| format!("{:<length$}", "fault");
    assert!(parse(&long(LONGEST)).is_ok());
    let error = parse(&(long(LONGEST) + "é")).unwrap_err();
    assert_eq!((error.position, &*error.symbol), (LONGEST + 1, "é"));
}

#[test]
fn a_hint_tells_what_would_fit() {
    for (text, hint) in [
        ("falt", "did you mean fault?"),
        (
            "service(\"a\") { coverage > 1 }",
            "coverage means something elsewhere, but not here",
        ),
        ("user = bob", "a text in double quotes"),
        ("fault && ok", "AND, OR or the end of the expression"),
    ] {
        assert_eq!(parse(text).unwrap_err().hint, hint, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(expression in crate::arbitrary::expression()) {
        let text = expression.to_string();
        if text.chars().count() <= LONGEST {
            proptest::prop_assert_eq!(parse(&text), Ok(expression), "{}", text);
        }
    }
}
