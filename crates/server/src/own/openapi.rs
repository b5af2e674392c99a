//! `docs/openapi.json` as the types and the routes say it, and the test that it is so.
//!
//! `FLUORO_REWRITE=1 cargo test -p fluoro-server openapi` writes the file anew.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::reply::ErrorDocument;
use super::routes::{Call, ROUTES, Route};
use super::{
    Health, doctor, export, follow, functions, groups, logs, sampling, stacks, starting,
    statistics, store, traces,
};
use crate::running::Addresses;

/// What is said of one call.
struct Described {
    summary: &'static str,
    /// Name, meaning, schema.
    query: Vec<(&'static str, &'static str, Value)>,
    body: Option<Content>,
    /// Status, meaning and body of each answer that is no error.
    answers: Vec<(&'static str, &'static str, Option<Content>)>,
}

/// A body: its media type, and the schema of what it holds.
struct Content(&'static str, Value);

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

fn described(call: Call, schemas: &mut SchemaGenerator) -> Described {
    let region = || {
        let meaning = "The region; the server's own when nobody says.";
        ("region", meaning, text())
    };
    match call {
        Call::Health => Described::new("Whether everything is up")
            .answer::<Health>(schemas)
            .status::<starting::Progress>(schemas, "503", "What is stored is still being read."),
        Call::Listeners => Described::new("Where the server listens").answer::<Addresses>(schemas),
        Call::Doctor => Described::new("What came in, what became of it, what was set in vain")
            .answer::<doctor::Report>(schemas),
        Call::Groups => Described::new("How many traces became members of each group")
            .query([region()])
            .answer::<groups::GroupStates>(schemas),
        Call::Follow => {
            let line = schemas.subschema_for::<follow::TraceNews>().to_value();
            Described::new("Summaries of traces as they become known and change")
                .query([
                    (
                        "follow",
                        "Must be true.",
                        json!({"type": "boolean", "enum": [true]}),
                    ),
                    (
                        "filter",
                        "Only those that this filter expression finds.",
                        text(),
                    ),
                    region(),
                ])
                .answer_as(LINES, line)
        }
        Call::Trace => Described::new("Whether a trace is complete")
            .query([(
                "wait",
                "How long to wait until it is, as `10s`; at most `5m`.",
                text(),
            )])
            .answer::<traces::TraceState>(schemas),
        Call::Export => Described::new("Traces with their documents, as one file of Parquet")
            .query([
                (
                    "from",
                    "Only traces that began then or later, in seconds since the epoch.",
                    json!({"type": "number"}),
                ),
                (
                    "to",
                    "Only those that began before, in seconds since the epoch.",
                    json!({"type": "number"}),
                ),
                (
                    "filter",
                    "Only those that this filter expression finds.",
                    text(),
                ),
                region(),
            ])
            .answer_as(export::KIND, json!({"type": "string", "format": "binary"})),
        Call::Sql => {
            let row = json!({
                "description": "The first line tells of the columns, each other one is a row.",
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["columns"],
                        "properties": {"columns": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["name", "type"],
                                "properties": {"name": text(), "type": text()},
                            },
                        }},
                    },
                    {"type": "array", "description": "The values, in the order of the columns."},
                    {"type": "object", "description": "Of `lines`: a row, by the columns' names."},
                ],
            });
            let binary = json!({"type": "string", "format": "binary"});
            Described::new("The result of a statement of SQL over traces, hot and at rest")
                .query([
                    (
                        "format",
                        "How the result is written; `rows`.",
                        json!({"type": "string", "enum": ["rows", "lines", "csv", "parquet"]}),
                    ),
                    (
                        "timeout",
                        "How long it may take, as `10s`, if that is less than the setting.",
                        text(),
                    ),
                ])
                .body("text/plain", text())
                .answer_as(LINES, row)
                .also_as("text/csv", text())
                .also_as(export::KIND, binary)
        }
        Call::Rules => Described::new("What each sampling rule did")
            .query([region()])
            .answer::<sampling::RuleStates>(schemas),
        Call::Why => Described::new("Why the last requests to stages were or were not sampled")
            .query([
                (
                    "id",
                    "Only the requests of this trace or request id.",
                    text(),
                ),
                ("rule", "Only those that this rule decided.", text()),
                (
                    "sampled",
                    "Only those that were, or were not.",
                    json!({"type": "boolean"}),
                ),
                (
                    "limit",
                    "How many at most, 1 to 10,000; 50.",
                    json!({"type": "integer"}),
                ),
            ])
            .answer::<sampling::Whys>(schemas),
        Call::Preview => {
            let rule = json!({
                "type": "object",
                "description": "The input of CreateSamplingRule or UpdateSamplingRule.",
            });
            Described::new("What a rule would have kept of the last requests")
                .query([region()])
                .body(JSON, rule)
                .answer::<sampling::Previewed<'_>>(schemas)
        }
        Call::Statistics => Described::new("What stages and functions handled, sampled or not")
            .query([
                ("since", "How far back, as `15m`; at most an hour.", text()),
                ("api", "Only the API of this id or name.", text()),
                ("function", "Only the function of this name.", text()),
            ])
            .answer::<statistics::StatisticsOutput>(schemas),
        Call::Metrics => Described::new("The same, and sampling, since the start, for Prometheus")
            .answer_as("text/plain", text()),
        Call::Store => {
            Described::new("What is kept, and where").answer::<store::StoreState>(schemas)
        }
        Call::Settle => Described::new("Bring everything to rest in blocks, and answer when it is")
            .answer::<store::StoreState>(schemas),
        Call::Function => {
            Described::new("A function's role, whether it may write traces, its environments")
                .answer::<functions::FunctionState>(schemas)
        }
        Call::Code => Described::new("The files of a function's code, and the text of small ones")
            .answer::<functions::FunctionCode>(schemas),
        Call::Logs => {
            let line = schemas.subschema_for::<logs::Line>().to_value();
            Described::new("What a function wrote")
                .query([
                    ("trace", "Only lines of this trace.", text()),
                    (
                        "follow",
                        "Whether to go on with lines as they come: one JSON document each.",
                        json!({"type": "boolean"}),
                    ),
                ])
                .answer::<logs::Lines>(schemas)
                .also_as(LINES, line)
        }
        Call::ListStacks => {
            Described::new("What `fluoro up` deployed").answer::<stacks::ListStacks>(schemas)
        }
        Call::GetStack => Described::new("The record of a stack").answer_as(JSON, json!({})),
        Call::PutStack => Described::new("Keeps the record of a stack: any JSON up to 256 KiB")
            .body(JSON, json!({}))
            .nothing(),
        Call::DeleteStack => Described::new("Forgets the record of a stack").nothing(),
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

impl Described {
    fn new(summary: &'static str) -> Self {
        Self {
            summary,
            query: Vec::new(),
            body: None,
            answers: Vec::new(),
        }
    }

    fn query<const N: usize>(mut self, query: [(&'static str, &'static str, Value); N]) -> Self {
        self.query.extend(query);
        self
    }

    fn body(mut self, kind: &'static str, schema: Value) -> Self {
        self.body = Some(Content(kind, schema));
        self
    }

    fn answer<T: JsonSchema>(self, schemas: &mut SchemaGenerator) -> Self {
        let schema = schemas.subschema_for::<T>().to_value();
        self.answer_as(JSON, schema)
    }

    fn answer_as(mut self, kind: &'static str, schema: Value) -> Self {
        let content = Content(kind, schema);
        self.answers.push(("200", "Done.", Some(content)));
        self
    }

    /// The answer of status 200 may have this type instead.
    fn also_as(self, kind: &'static str, schema: Value) -> Self {
        self.answer_as(kind, schema)
    }

    fn status<T: JsonSchema>(
        mut self,
        schemas: &mut SchemaGenerator,
        status: &'static str,
        meaning: &'static str,
    ) -> Self {
        let schema = schemas.subschema_for::<T>().to_value();
        let content = Content(JSON, schema);
        self.answers.push((status, meaning, Some(content)));
        self
    }

    fn nothing(mut self) -> Self {
        self.answers.push(("204", "Done.", None));
        self
    }

    fn operation(self, route: &Route, error: &Value) -> Value {
        let in_path = route.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            Some(json!({"name": name, "in": "path", "required": true, "schema": text()}))
        });
        let in_query = self.query.into_iter().map(|(name, meaning, schema)| {
            json!({"name": name, "in": "query", "description": meaning, "schema": schema})
        });
        let parameters: Vec<Value> = in_path.chain(in_query).collect();
        let mut answers = Map::new();
        for (status, meaning, content) in self.answers {
            let answer = answers
                .entry(status)
                .or_insert_with(|| json!({"description": meaning}));
            if let Some(Content(kind, schema)) = content {
                answer["content"][kind] = json!({"schema": schema});
            }
        }
        let failed =
            json!({"description": "Refused or failed.", "content": {JSON: {"schema": error}}});
        answers.insert("default".to_owned(), failed);
        let mut operation = json!({"operationId": id(route.call), "summary": self.summary});
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some(Content(kind, schema)) = self.body {
            operation["requestBody"] =
                json!({"required": true, "content": {kind: {"schema": schema}}});
        }
        operation["responses"] = answers.into();
        operation
    }
}

/// `ListStacks` is `listStacks`.
fn id(call: Call) -> String {
    let name = format!("{call:?}");
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}

/// The whole description.
fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
    let mut schemas = settings.into_generator();
    let error = schemas.subschema_for::<ErrorDocument<'_>>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths
            .entry(format!("/_fluoro/{}", route.path))
            .or_insert_with(|| json!({}));
        let described = described(route.call, &mut schemas);
        path[route.method.as_str().to_ascii_lowercase()] = described.operation(route, &error);
    }
    let sorted: BTreeMap<String, Value> = schemas.take_definitions(true).into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fluoro's own API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What no AWS API tells. docs/http.md says more of each call.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:4566"}],
        "paths": paths,
        "components": {"schemas": sorted},
    })
}

#[test]
fn the_description_is_what_routes_and_types_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let wanted = format!("{:#}\n", document());
    if std::env::var_os("FLUORO_REWRITE").is_some() {
        std::fs::write(&file, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = written
        .lines()
        .zip(wanted.lines())
        .position(|(written, wanted)| written != wanted);
    assert!(
        written == wanted,
        "docs/openapi.json is not what routes and types say (line {}): \
         FLUORO_REWRITE=1 cargo test -p fluoro-server openapi, then scripts/console types",
        differs.map_or(0, |line| line + 1),
    );
}

#[test]
fn no_two_calls_have_one_name() {
    let mut names: Vec<String> = ROUTES.iter().map(|route| id(route.call)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), ROUTES.len());
}
