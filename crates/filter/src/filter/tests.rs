use super::*;
use crate::parse;

/// Groups by name, and each by an ARN that ends with it.
struct Groups(&'static [(&'static str, &'static str)]);

impl GroupExpressions for Groups {
    fn expression(&self, by: GroupBy, value: &str) -> Option<Arc<Expression>> {
        let name = match by {
            GroupBy::Name => value,
            GroupBy::Arn => value.strip_prefix("arn:")?,
        };
        let (_, text) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(Arc::new(parse(text).unwrap()))
    }
}

fn spelled(text: &str, groups: &'static [(&str, &str)]) -> Result<Expression, GroupError> {
    let filter = Filter::new(&parse(text).unwrap(), &Groups(groups))?;
    Ok(filter.expression().clone())
}

const GROUPS: &[(&str, &str)] = &[
    ("slow", "responsetime > 1"),
    ("bad", "fault OR group.name = \"slow\""),
    ("all", ""),
    ("one", "group.name = \"other\""),
    ("other", "ok AND group.name = \"one\""),
];

#[test]
fn a_group_stands_for_its_expression() {
    assert_eq!(
        spelled("ok AND group.name = \"bad\"", GROUPS),
        Ok(parse("ok AND (fault OR responsetime > 1)").unwrap())
    );
    assert_eq!(
        spelled("group.arn != \"arn:slow\"", GROUPS),
        Ok(parse("!responsetime > 1").unwrap())
    );
    assert_eq!(
        spelled("group.name = \"all\"", GROUPS),
        Ok(Expression::Everything)
    );
}

#[test]
fn an_unknown_group_holds_no_trace() {
    let never = Expression::Is(Predicate::Never);
    assert_eq!(spelled("group.name = \"Slow\"", GROUPS), Ok(never.clone()));
    assert_eq!(
        spelled("group.arn != \"slow\"", GROUPS),
        Ok(Expression::Not(Box::new(never)))
    );
}

#[test]
fn a_circle_of_groups_is_refused() {
    assert_eq!(
        spelled("fault OR group.name = \"one\"", GROUPS),
        Err(GroupError::Cycle("one".to_owned()))
    );
}

#[test]
fn groups_cannot_grow_without_bound() {
    struct Doubling;
    impl GroupExpressions for Doubling {
        fn expression(&self, _: GroupBy, value: &str) -> Option<Arc<Expression>> {
            let next = format!("group.name = \"{value}x\"");
            Some(Arc::new(parse(&format!("{next} OR {next}")).unwrap()))
        }
    }
    let start = parse("group.name = \"x\"").unwrap();
    assert_eq!(Filter::new(&start, &Doubling), Err(GroupError::TooLarge));
}
