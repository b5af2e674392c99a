use proptest::prelude::*;

use super::*;

const SEEDS: Seeds<'static> = Seeds {
    trace: [0x11; 16],
    id: [0x22; 8],
    parent: Some([0x33; 8]),
    start_micros: 1_732_450_000_123_456,
    end_micros: Some(1_732_450_000_223_456),
    texts: &[b"https://example.com/orders/4711", b"u-004711"],
};

/// Codes documents in a row with one model; each has to come back, with the model and with its journal.
fn there_and_back(documents: &[&[u8]]) -> Vec<Option<Streams>> {
    let mut encoder = Encoder::new(Model::default());
    let coded: Vec<Option<Streams>> = documents
        .iter()
        .map(|document| {
            let mut streams = Streams::default();
            let coded = encoder.encode(&SEEDS, document, &mut streams);
            coded.is_ok().then_some(streams)
        })
        .collect();
    let again = Model::from_journal(encoder.model().journal()).unwrap();
    assert_eq!(again.journal(), encoder.model().journal());
    for (document, streams) in documents.iter().zip(&coded) {
        let Some(streams) = streams else { continue };
        for model in [encoder.model(), &again] {
            let mut out = Vec::new();
            model.decode(&SEEDS, streams.coded(), &mut out).unwrap();
            assert_eq!(
                String::from_utf8_lossy(&out),
                String::from_utf8_lossy(document)
            );
        }
    }
    coded
}

fn all_fit(documents: &[&str]) -> Vec<Streams> {
    let documents: Vec<&[u8]> = documents.iter().map(|text| text.as_bytes()).collect();
    let coded = there_and_back(&documents);
    coded
        .into_iter()
        .map(|streams| streams.expect("fits"))
        .collect()
}

#[test]
fn documents_come_back() {
    all_fit(&[
        "{}",
        "[]",
        "[[],[[]],{}]",
        " { } ",
        "1",
        "\"text\"",
        "null",
        r#"{"a":1,"b":[1,2,3],"c":{"d":{}, "e":[]}}"#,
        r#"{ "a" : "b" , "c" : [ "d" , "e" ] }"#,
        r#"{"a":"\"","b\"":"\\"}"#,
        r#"{"a":{"b":{"c":1}},"d":2}"#,
        r#"{"a":"x"}"#,
        r#"{"a":1}"#,
        r#"{"a":[1]}"#,
        r#"{"a":{"b":1}}"#,
    ]);
}

#[test]
fn numbers_keep_their_spelling() {
    let numbers = [
        "0",
        "-0",
        "-0.0",
        "0.0",
        "-1",
        "1.50",
        "1e5",
        "1E-7",
        "123456789012345678",
        "1234567890123456789",
        "1732450000.123456",
        "1732450000.1",
        "1732450000.0",
        "1732450000.10",
        "1732450000.1234567",
        "1732450000.12345678",
        "1732450000.123",
        "1.732450000123E9",
        "1.0E9",
        "1.7324500001234567E9",
        "1.73245000012345670E9",
        "9999999999.9999999",
        "true",
        "false",
        "12345678901.5",
        "0123",
        "0.1234567",
        "-12.5",
    ];
    let texts: Vec<String> = numbers
        .iter()
        .map(|number| format!(r#"{{"n":{number}}}"#))
        .collect();
    let texts: Vec<&str> = texts.iter().chain(&texts).map(String::as_str).collect();
    all_fit(&texts);
}

#[test]
fn ids_are_binary_and_cost_nothing_when_they_are_known() {
    let coded = all_fit(&[
        r#"{"id":"2222222222222222","trace_id":"1-11111111-111111111111111111111111"}"#,
        r#"{"id":"0123456789abcdef","trace_id":"0123456789abcdef0123456789abcdef"}"#,
        r#"{"a":"01234567-89ab-cdef-0123-456789abcdef","b":"01234567-89ab-cdef-0123-456789abcdef"}"#,
        r#"{"a":"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"}"#,
        r#"{"a":"0189EFGHIJKLMNOPQRSTUVV723456789ABCDEFGHIJKLMNOPQRST"}"#,
        r#"{"a":"0123456789ABCDEF"}"#,
        r#"{"a":"8888888888888888888888888888888888888888888888888888"}"#,
    ]);
    let lengths: Vec<usize> = coded.iter().map(|streams| streams.ids.len()).collect();
    assert_eq!(lengths, [0, 24, 16, 33, 33, 0, 33]);
}

#[test]
fn times_of_the_row_are_nothing_more() {
    let text = r#"{"start_time":1732450000.123456,"end_time":1732450000.223456}"#;
    assert!(all_fit(&[text])[0].numbers.is_empty());
}

#[test]
fn what_comes_again_is_learnt() {
    let text = r#"{"name":"orders","namespace":"remote","http":{"request":{"method":"GET"}}}"#;
    let coded = all_fit(&[text, text, text, text]);
    assert!(!coded[0].text.is_empty());
    assert!(coded[3].text.is_empty() && coded[3].numbers.is_empty());
    assert!(coded[3].shapes.len() < 8);
}

#[test]
fn numbers_in_texts_are_told_from_them() {
    let texts: Vec<String> = (0..4)
        .map(|n| format!(r#"{{"user":"u-{}"}}"#, 123_456 + n))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let coded = all_fit(&texts);
    assert!(coded[3].text.is_empty());
}

#[test]
fn an_object_of_many_keys_has_them_as_values() {
    let texts: Vec<String> = (0..2000)
        .map(|n| format!(r#"{{"users":{{"k{n}x":{n},"j{n}":{{"deep":"{n}"}}}}}}"#))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    all_fit(&texts);
}

#[test]
fn what_is_no_json_is_unfit_or_comes_back() {
    let nested = "[".repeat(40) + &"]".repeat(40);
    let documents = [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "{\"a\"",
        "{\"a\":}",
        "{\"a\":1",
        "[1 2]",
        "{\"a\":1}}",
        "\"",
        "\"\\",
        "{\"a\":\"\\\"}",
        "nul",
        "[,]",
        nested.as_str(),
        "{\"a\":1,}",
    ];
    let documents: Vec<&[u8]> = documents.iter().map(|text| text.as_bytes()).collect();
    let coded = there_and_back(&documents);
    assert!(coded[0].is_none() && coded[2].is_none() && coded[16].is_none());
}

#[test]
fn a_model_stays_bounded() {
    let mut encoder = Encoder::new(Model::default());
    let mut unfit = 0;
    for n in 0..20_000_u32 {
        let k = n.wrapping_mul(2_654_435_761);
        let text = format!(r#"{{"a{}":{{"b{k}":[{{"c{}":1}}]}}}}"#, k % 61, k % 1009);
        let mut streams = Streams::default();
        match encoder.encode(&SEEDS, text.as_bytes(), &mut streams) {
            Ok(()) => {
                let mut out = Vec::new();
                encoder
                    .model()
                    .decode(&SEEDS, streams.coded(), &mut out)
                    .unwrap();
                assert_eq!(out, text.as_bytes());
            }
            Err(Unfit) => unfit += 1,
        }
        assert!(encoder.model().journal().len() < 2 << 20);
    }
    assert!(unfit < 20_000);
}

#[test]
fn a_full_model_reads_and_codes_what_it_knows() {
    let mut encoder = Encoder::new(Model::default());
    let text = |spaces: usize| format!(r#"{{"a":{}1}}"#, " ".repeat(spaces));
    let mut refused = 0;
    // Each has a literal of its own.
    for spaces in 0..1_000 {
        for key in ["b", "c", "d"] {
            let text = text(spaces).replace('a', key);
            let coded = encoder.encode(&SEEDS, text.as_bytes(), &mut Streams::default());
            refused += usize::from(coded.is_err());
        }
    }
    assert!(encoder.model().is_full() && refused > 0);
    let missed = encoder.model().missed();
    assert!(missed >= refused);
    let full = encoder.model().journal().len();
    let mut streams = Streams::default();
    let known = text(3).replace('a', "b");
    encoder
        .encode(&SEEDS, known.as_bytes(), &mut streams)
        .unwrap();
    assert_eq!(encoder.model().missed(), missed, "nothing is missing");
    let mut out = Vec::new();
    let again = Model::from_journal(encoder.model().journal()).unwrap();
    again.decode(&SEEDS, streams.coded(), &mut out).unwrap();
    assert_eq!(out, known.as_bytes());
    let new = encoder.encode(&SEEDS, b"{\"new\":1}", &mut streams);
    assert_eq!((new, encoder.model().journal().len()), (Err(Unfit), full));
    assert!(encoder.model().missed() > missed);
}

#[test]
fn a_model_is_as_small_as_it_should_be() {
    let mut encoder = Encoder::new(Model::default().within(100));
    for number in 0..100 {
        let text = format!("{{\"key-{number}\":{number}}}");
        let coded = encoder.encode(&SEEDS, text.as_bytes(), &mut Streams::default());
        assert_eq!(coded.is_err(), encoder.model().missed() > 0, "{number}");
    }
    let journal = encoder.model().journal();
    assert!(encoder.model().is_full() && journal.len() < 200);
    // Whoever reads it needs not know how small it had to be.
    assert_eq!(Model::from_journal(journal).unwrap().journal(), journal);
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        (0..5_u8).prop_map(Into::into),
        "[a-z]{0,3}".prop_map(Into::into),
        "[a-z]{1,3}-[0-9]{1,6}".prop_map(Into::into),
        "[0-9a-f]{16}".prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-f]{1,2}", inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_comes_back(values in prop::collection::vec((value(), any::<bool>()), 1..12)) {
        let texts: Vec<Vec<u8>> = values
            .iter()
            .map(|(value, is_pretty)| {
                let text = if *is_pretty { serde_json::to_vec_pretty(value) } else { serde_json::to_vec(value) };
                text.unwrap()
            })
            .collect();
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let coded = there_and_back(&texts);
        prop_assert!(coded.iter().all(Option::is_some));
    }

    #[test]
    fn any_bytes_come_back_or_are_unfit(bytes in prop::collection::vec(prop::sample::select(br#"{}[]",:\a01.-E9 "#.to_vec()), 0..40)) {
        there_and_back(&[&bytes, &bytes]);
    }

    #[test]
    fn no_damage_is_a_panic(
        value in value(),
        stream in 0..4_usize,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let text = serde_json::to_vec(&value).unwrap();
        let mut encoder = Encoder::new(Model::default());
        let mut streams = Streams::default();
        encoder.encode(&SEEDS, &text, &mut streams).unwrap();
        let damaged = match stream {
            0 => &mut streams.shapes,
            1 => &mut streams.numbers,
            2 => &mut streams.ids,
            _ => &mut streams.text,
        };
        if !damaged.is_empty() {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        let _either = encoder.model().decode(&SEEDS, streams.coded(), &mut Vec::new());
    }

    #[test]
    fn no_journal_is_a_panic(bytes in prop::collection::vec(0..8_u8, 0..64)) {
        let _either = Model::from_journal(&bytes);
    }
}
