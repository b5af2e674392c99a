//! SAM's policy templates: a name and at most one parameter become statements.
//!
//! Source: SAM developer guide, policy template list. In it are the templates of services that functions use at run time;
//! those that administer an account are left out, and so are those with several parameters.

use serde_json::{Value, json};

/// One template.
pub(super) struct Template {
    name: &'static str,
    /// The parameter that `{}` in resources stands for.
    pub(super) parameter: Option<&'static str>,
    statements: &'static [Statement],
}

struct Statement {
    /// A service and its actions: `sqs: SendMessage ReceiveMessage`.
    actions: &'static [&'static str],
    /// What follows `arn:{partition}:`; `HERE` stands for region and account. Empty for every resource.
    resources: &'static [&'static str],
}

const ANY: &[&str] = &[];
const TABLE: &[&str] = &["dynamodb:HERE:table/{}", "dynamodb:HERE:table/{}/index/*"];
const BUCKET: &[&str] = &["s3:::{}", "s3:::{}/*"];

macro_rules! template {
    ($name:literal, $parameter:expr, $([$($action:literal),+] on $resources:expr),+) => {
        Template {
            name: $name,
            parameter: $parameter,
            statements: &[$(Statement { actions: &[$($action),+], resources: $resources }),+],
        }
    };
}

const TEMPLATES: &[Template] = &[
    template!("AWSSecretsManagerGetSecretValuePolicy", Some("SecretArn"),
        ["secretsmanager: GetSecretValue"] on &["{}"]),
    template!("CloudWatchPutMetricPolicy", None,
        ["cloudwatch: PutMetricData"] on ANY),
    template!("DynamoDBCrudPolicy", Some("TableName"),
        ["dynamodb: GetItem DeleteItem PutItem Scan Query UpdateItem BatchWriteItem",
            "dynamodb: BatchGetItem DescribeTable ConditionCheckItem"] on TABLE),
    template!("DynamoDBReadPolicy", Some("TableName"),
        ["dynamodb: GetItem Scan Query BatchGetItem DescribeTable"] on TABLE),
    template!("DynamoDBReconfigurePolicy", Some("TableName"),
        ["dynamodb: UpdateTable"] on &["dynamodb:HERE:table/{}"]),
    template!("DynamoDBWritePolicy", Some("TableName"),
        ["dynamodb: PutItem UpdateItem BatchWriteItem"] on TABLE),
    template!("EventBridgePutEventsPolicy", Some("EventBusName"),
        ["events: PutEvents"] on &["events:HERE:event-bus/{}"]),
    template!("FilterLogEventsPolicy", Some("LogGroupName"),
        ["logs: FilterLogEvents"] on &["logs:HERE:log-group:{}:log-stream:*"]),
    template!("FirehoseWritePolicy", Some("DeliveryStreamName"),
        ["firehose: PutRecord PutRecordBatch"] on &["firehose:HERE:deliverystream/{}"]),
    template!("KMSDecryptPolicy", Some("KeyId"),
        ["kms: Decrypt"] on &["kms:HERE:key/{}"]),
    template!("KMSEncryptPolicy", Some("KeyId"),
        ["kms: Encrypt"] on &["kms:HERE:key/{}"]),
    template!("KinesisStreamReadPolicy", Some("StreamName"),
        ["kinesis: ListStreams DescribeLimits"] on &["kinesis:HERE:stream/*"],
        ["kinesis: DescribeStream DescribeStreamSummary GetRecords GetShardIterator"] on &["kinesis:HERE:stream/{}"]),
    template!("LambdaInvokePolicy", Some("FunctionName"),
        ["lambda: InvokeFunction"] on &["lambda:HERE:function:{}*"]),
    template!("S3CrudPolicy", Some("BucketName"),
        ["s3: GetObject ListBucket GetBucketLocation GetObjectVersion PutObject",
            "s3: PutObjectAcl GetLifecycleConfiguration PutLifecycleConfiguration",
            "s3: DeleteObject"] on BUCKET),
    template!("S3ReadPolicy", Some("BucketName"),
        ["s3: GetObject ListBucket GetBucketLocation GetObjectVersion",
            "s3: GetLifecycleConfiguration"] on BUCKET),
    template!("S3WritePolicy", Some("BucketName"),
        ["s3: PutObject PutObjectAcl PutLifecycleConfiguration"] on BUCKET),
    template!("SNSCrudPolicy", Some("TopicName"),
        ["sns: ListSubscriptionsByTopic CreateTopic SetTopicAttributes Subscribe Publish"] on &["sns:HERE:{}*"]),
    template!("SNSPublishMessagePolicy", Some("TopicName"),
        ["sns: Publish"] on &["sns:HERE:{}"]),
    template!("SQSPollerPolicy", Some("QueueName"),
        ["sqs: ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage",
            "sqs: DeleteMessageBatch GetQueueAttributes ReceiveMessage"] on &["sqs:HERE:{}"]),
    template!("SQSSendMessagePolicy", Some("QueueName"),
        ["sqs: SendMessage*"] on &["sqs:HERE:{}"]),
    template!("SSMParameterReadPolicy", Some("ParameterName"),
        ["ssm: DescribeParameters"] on ANY,
        ["ssm: GetParameters GetParameter GetParametersByPath"] on &["ssm:HERE:parameter/{}"]),
    template!("SSMParameterWithSlashPrefixReadPolicy", Some("ParameterName"),
        ["ssm: DescribeParameters"] on ANY,
        ["ssm: GetParameters GetParameter GetParametersByPath"] on &["ssm:HERE:parameter{}"]),
    template!("StepFunctionsCallbackPolicy", Some("StateMachineName"),
        ["states: SendTaskFailure SendTaskHeartbeat SendTaskSuccess"] on &["states:HERE:stateMachine:{}"]),
    template!("StepFunctionsExecutionPolicy", Some("StateMachineName"),
        ["states: StartExecution"] on &["states:HERE:stateMachine:{}"]),
    template!("VPCAccessPolicy", None,
        ["ec2: CreateNetworkInterface DeleteNetworkInterface",
            "ec2: DescribeNetworkInterfaces DetachNetworkInterface"] on ANY),
];

/// The template of this name.
pub(super) fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

// === impl Template ===

impl Template {
    /// Its statements for `value`, which may be an intrinsic still.
    pub(super) fn statements(&self, value: &Value) -> Value {
        let statements = self.statements.iter();
        statements.map(|statement| statement.of(value)).collect()
    }
}

// === impl Statement ===

impl Statement {
    fn of(&self, value: &Value) -> Value {
        let mut actions = Vec::new();
        for group in self.actions {
            let (service, names) = group.split_once(": ").expect("a service and its actions");
            actions.extend(names.split(' ').map(|name| format!("{service}:{name}")));
        }
        let mut resources: Vec<Value> = self
            .resources
            .iter()
            .map(|pattern| resource(pattern, value))
            .collect();
        let resources = match resources.len() {
            0 => json!("*"),
            1 => resources.remove(0),
            _ => resources.into(),
        };
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    }
}

/// The ARN in which `{}` is `value`; a pattern that is nothing else takes `value` for an ARN.
fn resource(pattern: &str, value: &Value) -> Value {
    if pattern == "{}" {
        return value.clone();
    }
    let text = pattern
        .replace("HERE", "${AWS::Region}:${AWS::AccountId}")
        .replace("{}", "${name}");
    json!({"Fn::Sub": [format!("arn:${{AWS::Partition}}:{text}"), {"name": value}]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_the_statements_of_the_guide() {
        let table = find("DynamoDBReadPolicy")
            .unwrap()
            .statements(&json!({"Ref": "T"}));
        assert_eq!(table[0]["Action"][0], "dynamodb:GetItem");
        assert_eq!(
            table[0]["Resource"][1],
            json!({"Fn::Sub": [
                "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${name}/index/*",
                {"name": {"Ref": "T"}},
            ]})
        );
        let parameter = find("SSMParameterReadPolicy")
            .unwrap()
            .statements(&json!("p"));
        assert_eq!(parameter[0]["Resource"], "*");
        assert_eq!(parameter.as_array().unwrap().len(), 2);
        let secret = find("AWSSecretsManagerGetSecretValuePolicy").unwrap();
        assert_eq!(secret.statements(&json!("arn:x"))[0]["Resource"], "arn:x");
    }

    #[test]
    fn every_template_is_well_formed_and_named_once() {
        for (index, template) in TEMPLATES.iter().enumerate() {
            let uses = template.statements.iter().any(|statement| {
                statement
                    .resources
                    .iter()
                    .any(|resource| resource.contains("{}"))
            });
            assert_eq!(uses, template.parameter.is_some(), "{}", template.name);
            assert!(
                !template
                    .statements(&json!("x"))
                    .as_array()
                    .unwrap()
                    .is_empty()
            );
            let twice = TEMPLATES[..index]
                .iter()
                .any(|other| other.name == template.name);
            assert!(!twice, "{}", template.name);
        }
    }
}
