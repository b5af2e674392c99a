//! A rule's patterns, made ready once, held against requests.

use crate::decision::SampledRequest;
use crate::pattern::Pattern;
use crate::rule::SamplingRule;

/// The patterns of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    service_name: Pattern,
    service_type: Pattern,
    host: Pattern,
    http_method: Pattern,
    url_path: Pattern,
    resource_arn: Pattern,
    attributes: Vec<(String, Pattern)>,
}

impl Matcher {
    pub(crate) fn new(rule: &SamplingRule) -> Self {
        let attribute = |(name, value): (&String, &String)| (name.clone(), Pattern::new(value));
        Self {
            service_name: Pattern::new(&rule.service_name),
            service_type: Pattern::new(&rule.service_type),
            host: Pattern::new(&rule.host),
            http_method: Pattern::new(&rule.http_method),
            url_path: Pattern::new(&rule.url_path),
            resource_arn: Pattern::new(&rule.resource_arn),
            attributes: rule.attributes.iter().map(attribute).collect(),
        }
    }

    /// Whether the rule is for this request.
    ///
    /// What is unknown of a request fits any pattern, as in the X-Ray SDKs. An attribute is different: a request that
    /// does not carry it is known not to, so it does not fit.
    pub(crate) fn fits(&self, request: &SampledRequest<'_>) -> bool {
        let properties = [
            (&self.service_name, request.service_name),
            (&self.service_type, request.service_type),
            (&self.host, request.host),
            (&self.http_method, request.http_method),
            (&self.url_path, request.url_path),
            (&self.resource_arn, request.resource_arn),
        ];
        properties
            .iter()
            .all(|(pattern, value)| value.is_none_or(|value| pattern.matches(value)))
            && self.attributes.iter().all(|(name, pattern)| {
                request
                    .attributes
                    .iter()
                    .any(|(sent, value)| sent.eq_ignore_ascii_case(name) && pattern.matches(value))
            })
    }
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
        Matcher::new(&rule).fits(&REQUEST)
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
}
