//! A rule's patterns, made ready once, held against requests.

use serde::Serialize;

use crate::decision::SampledRequest;
use crate::pattern::Pattern;
use crate::rule::SamplingRule;

/// The patterns of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    /// In the order of [`PROPERTIES`].
    properties: [Pattern; 6],
    attributes: Vec<(String, Pattern)>,
}

/// What every rule has a pattern for, as our own API spells it.
const PROPERTIES: [&str; 6] = [
    "service_name",
    "service_type",
    "host",
    "http_method",
    "url_path",
    "resource_arn",
];

/// One pattern of a rule beside what the request had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compared {
    /// `http_method`, or `attribute x-canary`.
    pub property: String,
    /// The rule's pattern.
    pub pattern: String,
    /// What the request had; absent when it had nothing.
    pub value: Option<String>,
}

impl Matcher {
    pub(crate) fn new(rule: &SamplingRule) -> Self {
        let attribute = |(name, value): (&String, &String)| (name.clone(), Pattern::new(value));
        Self {
            properties: patterns(rule).map(Pattern::new),
            attributes: rule.attributes.iter().map(attribute).collect(),
        }
    }

    /// Whether the rule is for this request.
    ///
    /// What is unknown of a request fits any pattern, as in the X-Ray SDKs. An attribute is different: a request that
    /// does not carry it is known not to, so it does not fit.
    pub(crate) fn fits(&self, request: &SampledRequest<'_>) -> bool {
        let values = request.properties();
        let mut properties = self.properties.iter().zip(values);
        properties.all(|(pattern, value)| value.is_none_or(|value| pattern.matches(value)))
            && self.attributes.iter().all(|(name, pattern)| {
                let mut carried = carried(request, name);
                carried.any(|value| pattern.matches(value))
            })
    }

    /// Every pattern that is more than `*`, beside what the request has, those that do not fit in the first list.
    pub(crate) fn compare(
        &self,
        rule: &SamplingRule,
        request: &SampledRequest<'_>,
    ) -> (Vec<Compared>, Vec<Compared>) {
        let (mut against, mut for_it) = (Vec::new(), Vec::new());
        let of_properties = self.properties.iter().zip(PROPERTIES).zip(patterns(rule));
        for (((matcher, property), pattern), value) in of_properties.zip(request.properties()) {
            if pattern == "*" {
                continue;
            }
            let fits = value.is_none_or(|value| matcher.matches(value));
            let side = if fits { &mut for_it } else { &mut against };
            side.push(Compared {
                property: property.to_owned(),
                pattern: pattern.to_owned(),
                value: value.map(str::to_owned),
            });
        }
        for ((name, pattern), (_, matcher)) in rule.attributes.iter().zip(&self.attributes) {
            let fitting = carried(request, name).find(|value| matcher.matches(value));
            let side = match fitting {
                Some(_) => &mut for_it,
                None => &mut against,
            };
            let value = fitting.or_else(|| carried(request, name).next());
            side.push(Compared {
                property: format!("attribute {name}"),
                pattern: pattern.clone(),
                value: value.map(str::to_owned),
            });
        }
        (against, for_it)
    }
}

fn patterns(rule: &SamplingRule) -> [&str; 6] {
    [
        &rule.service_name,
        &rule.service_type,
        &rule.host,
        &rule.http_method,
        &rule.url_path,
        &rule.resource_arn,
    ]
}

/// The values of the attributes of this name, in the order sent.
fn carried<'a>(request: &SampledRequest<'a>, name: &str) -> impl Iterator<Item = &'a str> {
    let named = |(sent, _): &&(&str, &str)| sent.eq_ignore_ascii_case(name);
    request
        .attributes
        .iter()
        .filter(named)
        .map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: SampledRequest<'_> = SampledRequest {
        service_name: Some("orders/prod"),
        service_type: Some("AWS::ApiGateway::Stage"),
        host: Some("orders.test"),
        http_method: Some("GET"),
        url_path: Some("/cart/7"),
        resource_arn: Some("arn:aws:apigateway:us-east-1::/restapis/a/stages/prod"),
        attributes: &[("X-Canary", "blue"), ("x-canary", "green")],
    };

    fn fits(change: impl FnOnce(&mut SamplingRule)) -> bool {
        let mut rule = SamplingRule::default_rule();
        change(&mut rule);
        let matcher = Matcher::new(&rule);
        let fits = matcher.fits(&REQUEST);
        let (against, _) = matcher.compare(&rule, &REQUEST);
        assert_eq!(fits, against.is_empty());
        fits
    }

    #[test]
    fn every_property_must_match() {
        assert!(fits(|_| {}));
        assert!(fits(|rule| rule.service_name = "orders/*".to_owned()));
        let differences: [fn(&mut SamplingRule); 6] = [
            |rule| rule.service_name = "x".to_owned(),
            |rule| rule.service_type = "AWS::ECS::Container".to_owned(),
            |rule| rule.host = "x".to_owned(),
            |rule| rule.http_method = "POST".to_owned(),
            |rule| rule.url_path = "/pay/*".to_owned(),
            |rule| rule.resource_arn = "*/stages/beta".to_owned(),
        ];
        for difference in differences {
            assert!(!fits(difference));
        }
    }

    #[test]
    fn the_unknown_fits() {
        let mut rule = SamplingRule::default_rule();
        rule.host = "orders.test".to_owned();
        assert!(Matcher::new(&rule).fits(&SampledRequest::default()));
    }

    #[test]
    fn an_attribute_must_be_there_and_match() {
        let with = |name: &str, value: &str| {
            fits(|rule| {
                rule.attributes.insert(name.to_owned(), value.to_owned());
            })
        };
        assert!(with("x-canary", "b*"));
        assert!(with("X-CANARY", "green"));
        assert!(!with("x-canary", "red"));
        assert!(!with("x-other", "*"));
    }

    #[test]
    fn a_comparison_names_what_fits_and_what_does_not() {
        let mut rule = SamplingRule::default_rule();
        rule.http_method = "POST".to_owned();
        rule.url_path = "/cart/*".to_owned();
        rule.attributes
            .insert("x-canary".to_owned(), "green".to_owned());
        rule.attributes.insert("x-other".to_owned(), "*".to_owned());
        let (against, for_it) = Matcher::new(&rule).compare(&rule, &REQUEST);
        let compared = |property: &str, pattern: &str, value: Option<&str>| Compared {
            property: property.to_owned(),
            pattern: pattern.to_owned(),
            value: value.map(str::to_owned),
        };
        assert_eq!(
            against,
            [
                compared("http_method", "POST", Some("GET")),
                compared("attribute x-other", "*", None)
            ]
        );
        assert_eq!(
            for_it,
            [
                compared("url_path", "/cart/*", Some("/cart/7")),
                compared("attribute x-canary", "green", Some("green"))
            ]
        );
    }
}
