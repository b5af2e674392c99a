use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::*;

fn file(text: &str) -> Layer {
    Layer::toml(Path::new("fluoro.toml"), text).unwrap()
}

fn variables(pairs: &[(&str, &str)]) -> Layer {
    Layer::environment(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

fn refused(layer: Layer) -> String {
    load([layer]).unwrap_err().to_string()
}

#[test]
fn later_layers_win_and_are_remembered() {
    let mut flags = Layer::default();
    flags.flag("--daemon", "daemon", "127.0.0.1:0");
    let loaded = load([
        file("listen = '127.0.0.1:1'\ndaemon = '127.0.0.1:2'\nregion = 'eu-west-1'"),
        variables(&[
            ("FLUORO_LISTEN", "127.0.0.1:3"),
            ("FLUORO_DAEMON", "127.0.0.1:4"),
        ]),
        flags,
    ])
    .unwrap();
    assert_eq!(loaded.settings.listen.port(), 3);
    assert_eq!(loaded.settings.daemon.port(), 0);
    assert_eq!(&*loaded.settings.region.0, "eu-west-1");
    let origins: Vec<String> = ["listen", "daemon", "region", "data"]
        .map(|key| loaded.origin(key).to_string())
        .into();
    assert_eq!(
        origins,
        ["FLUORO_LISTEN", "--daemon", "fluoro.toml", "default"]
    );
}

#[test]
fn every_default_is_written_as_it_is_read() {
    let defaults = load([]).unwrap();
    for (name, value, _) in defaults.listing() {
        let (section, key) = name.rsplit_once('.').unwrap_or(("", &name));
        let header = if section.is_empty() {
            String::new()
        } else {
            format!("[{section}]\n")
        };
        let again = load([file(&format!("{header}{key} = {value}"))]).unwrap();
        assert_eq!(again.settings, defaults.settings, "{name} = {value}");
    }
}

#[test]
fn a_value_is_taken_as_it_is_shown() {
    for (key, given) in [
        ("functions.retry_intervals", "1s, 2m"),
        ("hosts", "a.test,b.test"),
        ("functions.python_packages", "/a,/b"),
        ("store.memory", "12MB"),
    ] {
        let set = |value: &str| {
            let mut layer = Layer::default();
            layer.flag("--set", key, value);
            load([layer]).unwrap()
        };
        let shown = |loaded: &Loaded| {
            let listing = loaded.listing();
            let found = listing.iter().find(|(name, _, _)| name == key);
            found.unwrap().1.trim_matches('"').to_owned()
        };
        let once = shown(&set(given));
        assert_eq!(shown(&set(&once)), once);
    }
}

#[test]
fn no_two_keys_share_a_name_or_a_variable() {
    let variables: BTreeSet<String> = KEYS.iter().map(Key::variable).collect();
    assert_eq!(variables.len(), KEYS.len());
}

#[test]
fn an_unknown_key_names_the_nearest() {
    assert_eq!(
        refused(file("lisen = '127.0.0.1:1'")),
        "fluoro.toml: there is no setting \"lisen\"; the nearest is \"listen\""
    );
    assert_eq!(
        refused(variables(&[("FLUORO_GATEWAY_SAMPLE_HEADER", "true")])),
        "FLUORO_GATEWAY_SAMPLE_HEADER: there is no setting \"gateway.sample_header\"; \
         the nearest is \"gateway.sampling_header\""
    );
}

#[test]
fn variables_of_the_command_line_are_no_settings() {
    load([variables(&[
        ("FLUORO_ENDPOINT", "http://127.0.0.1:1"),
        ("PATH", "/bin"),
    ])])
    .unwrap();
}

#[test]
fn a_value_that_does_not_fit_says_what_would() {
    for (text, expected) in [
        (
            "listen = 'here'",
            "expected an address such as 127.0.0.1:4566 or [::1]:0",
        ),
        ("sample = 'some'", "expected all or rules"),
        ("account = '12'", "expected 12 digits"),
        ("insecure_listen = 1", "expected true or false"),
        ("hosts = ['a b']", "expected host names without port"),
        ("[functions]\nidle = '5 minutes'", "expected a time such as"),
        (
            "[functions]\nretry_intervals = ['1m']",
            "expected two times",
        ),
        ("[limits]\nheader = '1TB'", "expected a size such as"),
        ("[limits]\nconnections = 0", "expected a number above 0"),
        ("[limits]\ndocument_size = '9MB'", "expected at most 8MB"),
        ("[limits]\ntrace_size = '65MB'", "expected at most 64MB"),
        (
            "[downstream]\ndynamodb = 'ftp://x'",
            "neither \"aws\" nor a URL like http://HOST:PORT",
        ),
    ] {
        let refused = refused(file(text));
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

#[test]
fn a_value_of_a_wrong_kind_is_refused() {
    let error = Layer::toml(Path::new("fluoro.toml"), "listen = 1.5").unwrap_err();
    assert!(error.to_string().contains("expected a text"), "{error}");
    let error = Layer::toml(Path::new("fluoro.toml"), "listen = ").unwrap_err();
    assert_eq!(error.to_string(), "settings file fluoro.toml is not TOML");
}

#[test]
fn times_and_sizes_have_units() {
    let loaded = load([file(
        "[functions]\nidle = '2h'\nretry_intervals = ['250ms', '3s']\n[limits]\nheader = '10KB'",
    )])
    .unwrap();
    let functions = &loaded.settings.functions;
    assert_eq!(functions.idle, Duration::from_hours(2));
    assert_eq!(
        functions.retry_intervals,
        [Duration::from_millis(250), Duration::from_secs(3)]
    );
    assert_eq!(loaded.settings.limits.header, ByteSize(10_240));
}

#[test]
fn downstream_services_are_named_by_their_signing_name() {
    let loaded = load([
        file("[downstream]\ndynamodb = 'http://127.0.0.1:8000'"),
        variables(&[("FLUORO_DOWNSTREAM_SQS", "aws")]),
    ])
    .unwrap();
    let downstream = &loaded.settings.downstream;
    assert_eq!(downstream["sqs"], DownstreamAddress::Aws);
    assert_eq!(downstream["dynamodb"].to_string(), "http://127.0.0.1:8000/");
    assert_eq!(
        loaded.origin("downstream.sqs"),
        Origin::Variable("FLUORO_DOWNSTREAM_SQS".to_owned())
    );
}

#[test]
fn only_loopback_is_listened_on_unless_told_otherwise() {
    let open = "listen = '0.0.0.0:4566'";
    assert!(refused(file(open)).contains("--insecure-listen"));
    load([file(&format!("{open}\ninsecure_listen = true"))]).unwrap();
}

#[test]
fn the_documentation_lists_every_key_and_its_default() {
    let documented = include_str!("../../../../docs/settings.md");
    let defaults = load([]).unwrap();
    for key in KEYS {
        let row = format!("| `{}` | `{}`", key.name, key.variable());
        let row = documented.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("{} is not documented", key.name));
        let shown = (key.show)(&defaults.settings);
        let plain: String = shown.chars().filter(|c| !"[]\"".contains(*c)).collect();
        let default = if plain.is_empty() {
            "| none |".to_owned()
        } else {
            format!("| `{plain}` |")
        };
        assert!(
            row.contains(&default),
            "{}: {row} should say {default}",
            key.name
        );
    }
}

#[test]
#[cfg(feature = "s3")]
fn a_bucket_is_written_as_an_address() {
    let place = |text: &str| {
        let loaded = load([file(&format!("[store]\nblocks = '{text}'"))]);
        loaded.map(|loaded| loaded.settings.store.blocks)
    };
    for (text, bucket, prefix) in [
        ("s3://traces", "traces", ""),
        ("s3://traces/", "traces", ""),
        ("s3://my.traces/a/b_1/", "my.traces", "a/b_1"),
    ] {
        let expected = BlocksPlace::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(place(text).unwrap(), expected);
    }
    assert_eq!(place("").unwrap(), BlocksPlace::DataDirectory);
    for wrong in [
        "traces",
        "s3://",
        "s3:///a",
        "s3://traces//a",
        "s3://traces/../a",
        "s3://tra ces",
        "https://traces",
    ] {
        let told = place(wrong).unwrap_err().to_string();
        assert!(
            told.ends_with("expected s3://BUCKET or s3://BUCKET/PREFIX"),
            "{told}"
        );
    }
}

#[test]
#[cfg(not(feature = "s3"))]
fn a_build_without_buckets_says_how_to_get_them() {
    assert_eq!(
        refused(variables(&[("FLUORO_STORE_BLOCKS", "s3://traces")])),
        "FLUORO_STORE_BLOCKS: store.blocks = \"s3://traces\": this fluoro was built without buckets: \
         build it with cargo build --release -p fluoro --features s3"
    );
}
