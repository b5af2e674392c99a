//! What a request says of a service's process: its resource, prepared once for all the segments that tell of it.

use std::cell::OnceCell;
use std::collections::HashSet;

use fluoro_model::document::{AnnotationValue, Object, SegmentFields};
use foldhash::fast::FixedState;
use serde_json::{Map, Value as Json};

use crate::facts;
use crate::json::{self, Open, object};
use crate::message::{Resource, SCOPE_SPANS, SPANS, Value, elements, inner, resource, span_id};
use crate::{Malformed, Mapping, metadata};

/// The service whose spans lie together in a request.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    mapping: &'a Mapping,
    resource: Resource<'a>,
    /// Ids of the spans that came together.
    spans: HashSet<&'a [u8], FixedState>,
    prepared: OnceCell<Prepared>,
}

/// What every segment repeats: as text, and the same as facts.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// Members of `aws`.
    aws: Members,
    /// Members of `service`.
    service: Members,
    /// Members of the metadata's `default`.
    pub(crate) default: Vec<u8>,
    /// Members of the metadata's `otel`.
    pub(crate) otel: Vec<u8>,
    /// Members of `annotations`.
    pub(crate) annotations: Vec<u8>,
    pub(crate) annotation_facts: Vec<(Box<str>, AnnotationValue)>,
}

/// Members of free form, without the braces around them.
#[derive(Debug, Default)]
struct Members {
    text: Vec<u8>,
    facts: Object,
}

// === impl Service ===

impl<'a> Service<'a> {
    /// The service of `ResourceSpans`; `None` when what they say of it is too long to be told by any document.
    pub(crate) fn of(mapping: &'a Mapping, message: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let Some(resource) = resource(message, mapping.document_bytes)? else {
            return Ok(None);
        };
        let mut spans = HashSet::default();
        inner(message, SCOPE_SPANS, |scope| {
            inner(scope, SPANS, |span| {
                spans.insert(span_id(span)?);
                Ok(())
            })
        })?;
        Ok(Some(Self {
            mapping,
            resource,
            spans,
            prepared: OnceCell::new(),
        }))
    }

    /// Whether the span is one of those that came together.
    pub(crate) fn came_with(&self, span: &[u8]) -> bool {
        self.spans.contains(span)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.resource.text(key)
    }

    pub(crate) fn name(&self) -> Option<&'a str> {
        self.text("service.name")
    }

    pub(crate) fn account(&self) -> Option<&'a str> {
        let account = self.text("cloud.account.id");
        account.filter(|_| self.may_be_aws())
    }

    fn may_be_aws(&self) -> bool {
        matches!(self.text("cloud.provider"), None | Some("aws"))
    }

    fn platform(&self) -> Option<&'a str> {
        self.text("cloud.platform").filter(|_| self.may_be_aws())
    }

    /// The type of the service's node. The Collector's exporter has none for Lambda, where X-Ray has one.
    fn origin(&self) -> Option<&'static str> {
        Some(match self.platform()? {
            "aws_ec2" => "AWS::EC2::Instance",
            "aws_ecs" => match self.text("aws.ecs.launchtype") {
                Some(kind) if kind.eq_ignore_ascii_case("ec2") => "AWS::ECS::EC2",
                Some(kind) if kind.eq_ignore_ascii_case("fargate") => "AWS::ECS::Fargate",
                _ => "AWS::ECS::Container",
            },
            "aws_eks" => "AWS::EKS::Container",
            "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
            "aws_app_runner" => "AWS::AppRunner::Service",
            "aws_lambda" => "AWS::Lambda::Function",
            _ => return None,
        })
    }

    /// What every segment repeats.
    pub(crate) fn prepared(&self) -> Result<&Prepared, Malformed> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        let prepared = self.prepare()?;
        Ok(self.prepared.get_or_init(|| prepared))
    }

    fn prepare(&self) -> Result<Prepared, Malformed> {
        let mut prepared = Prepared {
            aws: self.aws()?,
            ..Prepared::default()
        };
        let service = &mut prepared.service;
        for (attribute, member) in [
            ("service.version", "version"),
            ("process.runtime.name", "runtime"),
            ("process.runtime.version", "runtime_version"),
        ] {
            service.add_text(member, self.text(attribute));
        }
        let (default, annotations) = (&mut prepared.default, &mut prepared.annotations);
        let mut told = Open::members();
        let mut indexed = Open::members();
        for attribute in &self.resource.attributes {
            let key = format!("otel.resource.{}", attribute.key);
            let annotation = (self.mapping.indexed.has(&key))
                .then(|| metadata::annotation(&key, attribute.value))
                .flatten();
            if let Some((name, value)) = annotation
                && !metadata::has(&prepared.annotation_facts, &name)
            {
                indexed.key(annotations, &name);
                json::value(annotations, attribute.value)?;
                let is_whole = *name == *key;
                prepared.annotation_facts.push((name.into(), value));
                if is_whole {
                    continue;
                }
            }
            told.key(default, &key);
            json::value(default, attribute.value)?;
        }
        let otel = &mut prepared.otel;
        let mut told = Open::members();
        if !self.resource.schema_url.is_empty() {
            told.text(otel, "resource_schema_url", self.resource.schema_url);
        }
        let dropped = self.resource.dropped_attributes;
        told.count(otel, "resource_dropped_attributes_count", dropped);
        Ok(prepared)
    }

    /// What of the resource tells where the service runs.
    fn aws(&self) -> Result<Members, Malformed> {
        let mut aws = Members::default();
        if !self.may_be_aws() {
            return Ok(aws);
        }
        let platform = self.platform();
        let on_aws = self.text("cloud.provider").is_some();
        if platform == Some("aws_ec2") || (on_aws && self.text("host.id").is_some()) {
            self.add_block(
                &mut aws,
                "ec2",
                &[
                    ("host.id", "instance_id"),
                    ("cloud.availability_zone", "availability_zone"),
                    ("host.type", "instance_size"),
                    ("host.image.id", "ami_id"),
                ],
            );
        }
        if platform == Some("aws_ecs") {
            self.add_block(
                &mut aws,
                "ecs",
                &[
                    ("container.name", "container"),
                    ("container.id", "container_id"),
                    ("aws.ecs.container.arn", "container_arn"),
                    ("aws.ecs.task.arn", "task_arn"),
                    ("aws.ecs.task.family", "task_family"),
                    ("aws.ecs.cluster.arn", "cluster_arn"),
                    ("cloud.availability_zone", "availability_zone"),
                    ("aws.ecs.launchtype", "launch_type"),
                ],
            );
        }
        if platform == Some("aws_eks") || self.text("k8s.cluster.name").is_some() {
            self.add_block(
                &mut aws,
                "eks",
                &[
                    ("k8s.cluster.name", "cluster_name"),
                    ("k8s.pod.name", "pod"),
                    ("container.id", "container_id"),
                ],
            );
        }
        if platform == Some("aws_elastic_beanstalk") {
            let mut block = self.block(&[
                ("service.namespace", "environment_name"),
                ("service.version", "version_label"),
            ]);
            let deployment = self.text("service.instance.id");
            if let Some(deployment) = deployment.and_then(|id| id.parse::<i64>().ok()) {
                block.insert("deployment_id".to_owned(), Json::from(deployment));
            }
            aws.add_object("elastic_beanstalk", block);
        }
        let groups = self.log_groups()?;
        if !groups.is_empty() {
            aws.add("cloudwatch_logs", Json::Array(groups));
        }
        if let Some(sdk) = self.text("telemetry.sdk.name") {
            let language = self.text("telemetry.sdk.language");
            let sdk = language.map_or_else(
                || sdk.to_owned(),
                |language| format!("{sdk} for {language}"),
            );
            let mut block = Map::new();
            block.insert("sdk".to_owned(), Json::from(sdk));
            if let Some(version) = self.text("telemetry.sdk.version") {
                block.insert("sdk_version".to_owned(), Json::from(version));
            }
            let auto = ["telemetry.distro.version", "telemetry.auto.version"];
            let auto = auto.iter().any(|key| self.text(key).is_some());
            block.insert("auto_instrumentation".to_owned(), Json::from(auto));
            aws.add_object("xray", block);
        }
        Ok(aws)
    }

    fn block(&self, members: &[(&str, &str)]) -> Map<String, Json> {
        let told = members.iter().filter_map(|(attribute, member)| {
            let text = self.text(attribute)?;
            Some(((*member).to_owned(), Json::from(text)))
        });
        told.collect()
    }

    fn add_block(&self, aws: &mut Members, name: &str, members: &[(&str, &str)]) {
        aws.add_object(name, self.block(members));
    }

    /// Lists of ARNs, else of names; from the environment they come as one text with `&` between them.
    fn log_groups(&self) -> Result<Vec<Json>, Malformed> {
        for (key, are_arns) in [("aws.log.group.arns", true), ("aws.log.group.names", false)] {
            let mut found = self.resource.attributes.iter();
            let Some(found) = found.find(|attribute| attribute.key == key) else {
                continue;
            };
            let mut groups = Vec::new();
            let mut add = |text: &str| {
                let name = if are_arns {
                    text.split(':').nth(6).unwrap_or(text)
                } else {
                    text
                };
                let mut group = Map::new();
                group.insert("log_group".to_owned(), Json::from(name));
                if are_arns {
                    group.insert("arn".to_owned(), Json::from(text));
                }
                groups.push(Json::Object(group));
            };
            match found.value {
                Value::Text(text) => text
                    .split('&')
                    .filter(|text| !text.is_empty())
                    .for_each(add),
                Value::List(message) => elements(message, |element| {
                    element.text().into_iter().for_each(&mut add);
                    Ok(())
                })?,
                _ => {}
            }
            if !groups.is_empty() {
                return Ok(groups);
            }
        }
        Ok(Vec::new())
    }

    /// Writes what only segments have, and gives it back.
    pub(crate) fn write_segment(
        &self,
        resource_id: Option<&str>,
        user: Option<&str>,
        open: &mut Open,
        out: &mut Vec<u8>,
    ) -> Result<SegmentFields, Malformed> {
        let service = &self.prepared()?.service;
        let facts = (!service.facts.is_empty()).then(|| {
            open.plain_key(out, "service");
            object(out).close_with(out, &service.text);
            service.facts.clone()
        });
        let arn = resource_id.or(self.text("cloud.resource_id"));
        let arn = arn.filter(|arn| arn.starts_with("arn:"));
        Ok(SegmentFields {
            parent_id: None,
            service: facts,
            user: facts::text(open, out, "user", user),
            origin: facts::text(open, out, "origin", self.origin()),
            resource_arn: facts::text(open, out, "resource_arn", arn),
            inferred: false,
        })
    }

    /// Adds to an `aws` block what tells where the service runs.
    pub(crate) fn write_aws(
        &self,
        open: &mut Open,
        out: &mut Vec<u8>,
        facts: &mut Object,
    ) -> Result<(), Malformed> {
        let aws = &self.prepared()?.aws;
        open.members_of(out, &aws.text);
        for (key, value) in aws.facts.iter() {
            facts.insert(key, value.clone());
        }
        Ok(())
    }
}

// === impl Members ===

impl Members {
    fn add_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(key, Json::from(value));
        }
    }

    fn add_object(&mut self, key: &str, members: Map<String, Json>) {
        if !members.is_empty() {
            self.add(key, Json::Object(members));
        }
    }

    fn add(&mut self, key: &str, value: Json) {
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        json::text(&mut self.text, key);
        self.text.push(b':');
        serde_json::to_writer(&mut self.text, &value).expect("a JSON value can be written");
        self.facts.insert(key, value);
    }
}
