use serde_json::json;

use super::*;

fn json(text: &str) -> serde_json::Value {
    parse(text).unwrap()
}

#[test]
fn scalars_are_read_as_templates_mean_them() {
    let text = "
yes: yes
version: 2012-10-17
account: 012345678901
size: 128
rate: 0.05
negative: -3
exponent: 1e3
quoted: \"5\"
forced: !!str 5
empty:
hex: 0x10
port: 8080:80
";
    assert_eq!(
        json(text),
        json!({
            "yes": true, "version": "2012-10-17", "account": "012345678901", "size": 128, "rate": 0.05, "negative": -3,
            "exponent": 1000.0, "quoted": "5", "forced": "5", "empty": null, "hex": "0x10", "port": "8080:80",
        })
    );
}

#[test]
fn tags_and_positions_stay() {
    let node =
        tree("Outputs:\n  Url: !Sub \"https://${Api}\"\n  Arn: !GetAtt [Role, Arn]\n").unwrap();
    let url = node.get("Outputs").unwrap().get("Url").unwrap();
    assert_eq!(url.tag.as_deref(), Some("Sub"));
    assert_eq!(url.value, Value::String("https://${Api}".to_owned()));
    assert_eq!(url.at.line, 2);
    let arn = node.get("Outputs").unwrap().get("Arn").unwrap();
    assert_eq!(arn.tag.as_deref(), Some("GetAtt"));
    assert!(matches!(&arn.value, Value::Sequence(items) if items.len() == 2));
}

#[test]
fn short_tags_are_spelled_out() {
    let text = "
- !Ref Table
- !GetAtt Queue.QueueName
- !GetAtt [Queue, Arn]
- !GetAtt Nested.Outputs.Url
- !Sub ['${a}', {a: !Ref B}]
- !Join ['-', [x, !Ref 'AWS::Region']]
- !Unheard of
";
    assert_eq!(
        json(text),
        json!([
            {"Ref": "Table"},
            {"Fn::GetAtt": ["Queue", "QueueName"]},
            {"Fn::GetAtt": ["Queue", "Arn"]},
            {"Fn::GetAtt": ["Nested", "Outputs.Url"]},
            {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]},
            {"Fn::Join": ["-", ["x", {"Ref": "AWS::Region"}]]},
            {"Fn::Unheard": "of"},
        ])
    );
}

#[test]
fn json_is_read_too() {
    assert_eq!(
        json(
            "{\n\t\"a\": [1, 2.5, null, true],\n\t\"b\": {\"c\": \"on\", \"d\": \"\\u00e9\\/\"}\n}"
        ),
        json!({"a": [1, 2.5, null, true], "b": {"c": "on", "d": "é/"}})
    );
}

#[test]
fn aliases_are_copies() {
    assert_eq!(
        json("a: &one {x: 1}\nb: *one\nc: [*one, *one]"),
        json!({"a": {"x": 1}, "b": {"x": 1}, "c": [{"x": 1}, {"x": 1}]})
    );
}

#[test]
fn block_text_keeps_its_lines() {
    assert_eq!(
        json("InlineCode: |\n  def handler(event, context):\n      return 1\n"),
        json!({"InlineCode": "def handler(event, context):\n    return 1\n"})
    );
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    assert_eq!(
        refused("a: 1\nb: 2\na: 3\n"),
        "the key a is there already, at line 1, column 1 (line 3, column 1)"
    );
    assert_eq!(
        refused("a: 1\n---\nb: 2\n"),
        "a second document begins here (line 2, column 1)"
    );
    assert_eq!(
        refused("? [a]\n: 1\n"),
        "a key must be text (line 1, column 3)"
    );
    assert!(refused("a: [1, 2\nb: 3").contains("line "));
    assert_eq!(refused(""), "there is nothing in it (line 1, column 1)");
}

#[test]
fn a_small_text_cannot_grow_without_bound() {
    let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [before.as_str(); 10].join(",")
        ));
    }
    assert!(refused(&text).starts_with("more than 200000 values"));
    assert!(refused(&"[".repeat(200)).starts_with("nested deeper than 100 levels"));
}
