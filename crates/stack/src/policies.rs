//! What `Policies` of a function may hold, spelled out for its role.

use serde_json::{Value, json};

use crate::StackError;
use crate::properties::Properties;

/// A role's rights: policies of AWS to attach, and statements of its own.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    /// ARNs.
    pub(crate) managed: Vec<Value>,
    /// Inline policies, `{PolicyName, PolicyDocument}`.
    pub(crate) inline: Vec<Value>,
}

impl Rights {
    /// Adds one element of `Policies`.
    pub(crate) fn add(&mut self, place: &str, policy: Value) -> Result<(), StackError> {
        match policy {
            Value::String(name) if name.starts_with("arn:") => self.managed.push(name.into()),
            Value::String(name) => self.managed.push(managed_arn(&name).into()),
            Value::Object(map) if map.contains_key("Statement") => self.inline(Value::Object(map)),
            Value::Object(map)
                if map.len() == 1
                    && (map.contains_key("Ref")
                        || map.keys().any(|key| key.starts_with("Fn::"))) =>
            {
                self.managed.push(Value::Object(map));
            }
            Value::Object(map) if map.len() == 1 => {
                for (template, parameters) in map {
                    let place = format!("{place}.{template}");
                    let statements = from_template(&place, &template, parameters)?;
                    self.inline(json!({"Version": "2012-10-17", "Statement": statements}));
                }
            }
            other => {
                return Err(StackError::invalid(
                    place,
                    format!("a policy cannot be {other}"),
                ));
            }
        }
        Ok(())
    }

    fn inline(&mut self, document: Value) {
        let name = format!("Policy{}", self.inline.len());
        self.inline
            .push(json!({"PolicyName": name, "PolicyDocument": document}));
    }
}

/// Managed policies of AWS are named without their path: `AWSLambdaBasicExecutionRole` lies below `service-role/`.
pub(crate) fn managed_arn(name: &str) -> String {
    let path = match name {
        "AWSLambdaBasicExecutionRole"
        | "AWSLambdaSQSQueueExecutionRole"
        | "AWSLambdaDynamoDBExecutionRole"
        | "AWSLambdaKinesisExecutionRole"
        | "AWSLambdaRole" => "service-role/",
        _ => "",
    };
    format!("arn:aws:iam::aws:policy/{path}{name}")
}

/// The statements of one of SAM's policy templates. Source: SAM developer guide, policy template list.
fn from_template(place: &str, template: &str, parameters: Value) -> Result<Value, StackError> {
    let mut parameters = Properties::new(place, parameters)?;
    let mut parameter = |name: &str| -> Result<Value, StackError> {
        let value = parameters.take(name);
        value.ok_or_else(|| StackError::invalid(place, format!("{name} is missing")))
    };
    let arn = |text: &str, value: Value| json!({"Fn::Sub": [format!("arn:${{AWS::Partition}}:{text}"), {"name": value}]});
    let of_table = |actions: &[&str], table: Value| {
        let table_arn = arn(
            "dynamodb:${AWS::Region}:${AWS::AccountId}:table/${name}",
            table.clone(),
        );
        let index_arn = arn(
            "dynamodb:${AWS::Region}:${AWS::AccountId}:table/${name}/index/*",
            table,
        );
        let actions: Vec<String> = actions
            .iter()
            .map(|action| format!("dynamodb:{action}"))
            .collect();
        json!([{"Effect": "Allow", "Action": actions, "Resource": [table_arn, index_arn]}])
    };
    let of_queue = |actions: &[&str], queue: Value| {
        let queue_arn = arn("sqs:${AWS::Region}:${AWS::AccountId}:${name}", queue);
        let actions: Vec<String> = actions
            .iter()
            .map(|action| format!("sqs:{action}"))
            .collect();
        json!([{"Effect": "Allow", "Action": actions, "Resource": queue_arn}])
    };
    const READ: [&str; 6] = [
        "GetItem",
        "Scan",
        "Query",
        "BatchGetItem",
        "DescribeTable",
        "ConditionCheckItem",
    ];
    const WRITE: [&str; 4] = ["PutItem", "UpdateItem", "BatchWriteItem", "DeleteItem"];
    let statements = match template {
        "DynamoDBCrudPolicy" => of_table(
            &[READ.as_slice(), WRITE.as_slice()].concat(),
            parameter("TableName")?,
        ),
        "DynamoDBReadPolicy" => of_table(&READ, parameter("TableName")?),
        "DynamoDBWritePolicy" => of_table(
            &["PutItem", "UpdateItem", "BatchWriteItem"],
            parameter("TableName")?,
        ),
        "SQSSendMessagePolicy" => of_queue(
            &[
                "SendMessage",
                "SendMessageBatch",
                "GetQueueUrl",
                "GetQueueAttributes",
            ],
            parameter("QueueName")?,
        ),
        "SQSPollerPolicy" => of_queue(
            &[
                "ReceiveMessage",
                "DeleteMessage",
                "DeleteMessageBatch",
                "ChangeMessageVisibility",
                "GetQueueAttributes",
            ],
            parameter("QueueName")?,
        ),
        "LambdaInvokePolicy" => {
            let function = arn(
                "lambda:${AWS::Region}:${AWS::AccountId}:function:${name}*",
                parameter("FunctionName")?,
            );
            json!([{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": function}])
        }
        _ => {
            return Err(StackError::unsupported(
                place,
                format!("policy template {template}"),
            ));
        }
    };
    parameters.finish()?;
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_policy_is_understood() {
        let mut rights = Rights::default();
        for policy in [
            json!("AWSXrayWriteOnlyAccess"),
            json!("AWSLambdaBasicExecutionRole"),
            json!("arn:aws:iam::123456789012:policy/own"),
            json!({"Ref": "PolicyArn"}),
            json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}),
            json!({"DynamoDBReadPolicy": {"TableName": {"Ref": "Table"}}}),
        ] {
            rights.add("here", policy).unwrap();
        }
        assert_eq!(
            rights.managed,
            [
                json!("arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"),
                json!("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
                json!("arn:aws:iam::123456789012:policy/own"),
                json!({"Ref": "PolicyArn"}),
            ]
        );
        assert_eq!(rights.inline.len(), 2);
    }

    #[test]
    fn unknown_templates_and_parameters_are_named() {
        let mut rights = Rights::default();
        let refused =
            |rights: &mut Rights, policy| rights.add("P[0]", policy).unwrap_err().to_string();
        assert_eq!(
            refused(&mut rights, json!({"S3ReadPolicy": {"BucketName": "b"}})),
            "P[0].S3ReadPolicy: policy template S3ReadPolicy is not supported"
        );
        assert_eq!(
            refused(&mut rights, json!({"DynamoDBReadPolicy": {}})),
            "P[0].DynamoDBReadPolicy: TableName is missing"
        );
        assert!(
            refused(
                &mut rights,
                json!({"DynamoDBReadPolicy": {"TableName": "t", "X": 1}})
            )
            .contains("property X")
        );
    }
}
