//! What `Policies` of a function may hold, spelled out for its role.

mod templates;

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

/// The statements of one of SAM's policy templates.
fn from_template(place: &str, name: &str, parameters: Value) -> Result<Value, StackError> {
    let Some(template) = templates::find(name) else {
        return Err(StackError::unsupported(
            place,
            format!("policy template {name}"),
        ));
    };
    let mut parameters = Properties::new(place, parameters)?;
    let value = match template.parameter {
        None => Value::Null,
        Some(parameter) => parameters
            .take(parameter)
            .ok_or_else(|| StackError::invalid(place, format!("{parameter} is missing")))?,
    };
    parameters.finish()?;
    Ok(template.statements(&value))
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
            refused(
                &mut rights,
                json!({"RekognitionReadPolicy": {"BucketName": "b"}})
            ),
            "P[0].RekognitionReadPolicy: policy template RekognitionReadPolicy is not supported"
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
