//! Method and path to operation: small, exact, case-sensitive.
//!
//! A template is the model's `requestUri`: literal segments, labels (`{FunctionName}`) and, at the end, a greedy label
//! (`{ResourceArn+}`) that also takes slashes. A literal wins over a label, a label over a greedy one, segment by
//! segment from the left. Labels match one segment, which is never empty, and come percent-decoded. A trailing slash
//! is part of the path: a service that accepts both spellings routes both.

use http::Method;
use percent_encoding::percent_decode_str;

/// The operations of one service by method and path.
#[derive(Debug, Clone)]
pub struct Routes<T> {
    routes: Vec<Route<T>>,
}

#[derive(Debug, Clone)]
struct Route<T> {
    method: Method,
    segments: Vec<Segment>,
    target: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    Greedy(&'static str),
}

/// What a request's method and path lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Matched<'r, T> {
    /// An operation, and what the path's labels held.
    Operation(&'r T, Labels),
    /// The path is known, the method is not among its own.
    WrongMethod,
    /// No template matches.
    Nothing,
}

/// The decoded labels of a path, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// The label's value.
    ///
    /// # Panics
    ///
    /// When the template has no such label: a mistake of ours in the route table.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(label, _)| *label == name);
        &found.expect("the route's template has this label").1
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { routes: Vec::new() }
    }
}

impl<T> Routes<T> {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route.
    ///
    /// # Panics
    ///
    /// When another route with this method has a template that matches the same paths, when the template does not
    /// begin with a slash, or when something follows a greedy label.
    #[must_use]
    pub fn route(mut self, method: Method, template: &'static str, target: T) -> Self {
        let segments = parse_template(template);
        let twin = |route: &Route<T>| {
            route.method == method
                && route.segments.len() == segments.len()
                && route
                    .segments
                    .iter()
                    .zip(&segments)
                    .all(|(a, b)| same_shape(*a, *b))
        };
        assert!(
            !self.routes.iter().any(twin),
            "{method} {template} is routed twice"
        );
        self.routes.push(Route {
            method,
            segments,
            target,
        });
        self
    }

    /// Finds the operation for a request's method and raw path (not decoded, without its query).
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Matched<'_, T> {
        let Some(path) = path.strip_prefix('/') else {
            return Matched::Nothing;
        };
        let parts: Vec<&str> = path.split('/').collect();
        let mut best: Option<(&Route<T>, Labels)> = None;
        let mut other_method = false;
        for route in &self.routes {
            let Some(labels) = match_segments(&route.segments, &parts) else {
                continue;
            };
            if route.method != *method {
                other_method = true;
                continue;
            }
            let better = best
                .as_ref()
                .is_none_or(|(chosen, _)| rank(&route.segments) < rank(&chosen.segments));
            if better {
                best = Some((route, labels));
            }
        }
        match best {
            Some((route, labels)) => Matched::Operation(&route.target, labels),
            None if other_method => Matched::WrongMethod,
            None => Matched::Nothing,
        }
    }
}

/// Orders templates that match the same path: at the first segment where they differ in kind, the more exact wins.
fn rank(segments: &[Segment]) -> Vec<u8> {
    let kind = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Label(_) => 1,
        Segment::Greedy(_) => 2,
    };
    segments.iter().map(kind).collect()
}

fn same_shape(a: Segment, b: Segment) -> bool {
    match (a, b) {
        (Segment::Literal(a), Segment::Literal(b)) => a == b,
        (Segment::Label(_), Segment::Label(_)) | (Segment::Greedy(_), Segment::Greedy(_)) => true,
        _ => false,
    }
}

fn parse_template(template: &'static str) -> Vec<Segment> {
    let path = template
        .strip_prefix('/')
        .expect("a template begins with a slash");
    let segments: Vec<Segment> = path.split('/').map(parse_segment).collect();
    let greedy_inside = segments
        .iter()
        .rev()
        .skip(1)
        .any(|s| matches!(s, Segment::Greedy(_)));
    assert!(
        !greedy_inside,
        "{template}: nothing may follow a greedy label"
    );
    segments
}

fn parse_segment(segment: &'static str) -> Segment {
    let label = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match label {
        None => Segment::Literal(segment),
        Some(label) => match label.strip_suffix('+') {
            Some(greedy) => Segment::Greedy(greedy),
            None => Segment::Label(label),
        },
    }
}

fn match_segments(segments: &[Segment], parts: &[&str]) -> Option<Labels> {
    let mut labels = Labels::default();
    for (index, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Literal(literal) => {
                // An SDK may escape what a literal writes plainly (`$LATEST`, dates with dots).
                if decode(parts.get(index)?)? != *literal {
                    return None;
                }
            }
            Segment::Label(name) => {
                let part = parts.get(index).filter(|part| !part.is_empty())?;
                labels.0.push((name, decode(part)?));
            }
            Segment::Greedy(name) => {
                let rest = parts.get(index..)?.join("/");
                if rest.is_empty() {
                    return None;
                }
                labels.0.push((name, decode(&rest)?));
                return Some(labels);
            }
        }
    }
    (segments.len() == parts.len()).then_some(labels)
}

/// Percent-decodes; `None` when the result is not UTF-8, which no template matches.
fn decode(part: &str) -> Option<String> {
    let decoded = percent_decode_str(part).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        Routes::new()
            .route(Method::GET, "/functions/{Name}", "get")
            .route(Method::DELETE, "/functions/{Name}", "delete")
            .route(Method::GET, "/functions/", "list")
            .route(Method::GET, "/functions/special", "special")
            .route(Method::POST, "/functions/{Name}/invocations", "invoke")
            .route(Method::GET, "/tags/{Arn+}", "tags")
    }

    fn operation(method: Method, path: &str) -> Option<(&'static str, Labels)> {
        match routes().find(&method, path) {
            Matched::Operation(target, labels) => Some((target, labels)),
            _ => None,
        }
    }

    #[test]
    fn labels_come_decoded() {
        let (target, labels) = operation(Method::GET, "/functions/arn%3Aaws%3Alambda").unwrap();
        assert_eq!((target, labels.get("Name")), ("get", "arn:aws:lambda"));
    }

    #[test]
    fn an_escaped_slash_stays_inside_its_label() {
        let (_, labels) = operation(Method::GET, "/functions/a%2Fb").unwrap();
        assert_eq!(labels.get("Name"), "a/b");
    }

    #[test]
    fn a_literal_wins_over_a_label() {
        assert_eq!(
            operation(Method::GET, "/functions/special").unwrap().0,
            "special"
        );
    }

    #[test]
    fn a_greedy_label_takes_slashes() {
        let (_, labels) = operation(Method::GET, "/tags/arn:aws/x%20y/z").unwrap();
        assert_eq!(labels.get("Arn"), "arn:aws/x y/z");
        assert!(operation(Method::GET, "/tags/").is_none());
    }

    #[test]
    fn paths_are_exact_and_case_sensitive() {
        assert_eq!(operation(Method::GET, "/functions/").unwrap().0, "list");
        assert_eq!(
            routes().find(&Method::GET, "/Functions/x"),
            Matched::Nothing
        );
        assert_eq!(
            routes().find(&Method::GET, "/functions/x/"),
            Matched::Nothing
        );
        assert_eq!(routes().find(&Method::GET, "/functions"), Matched::Nothing);
        assert_eq!(
            routes().find(&Method::POST, "/functions//invocations"),
            Matched::Nothing
        );
    }

    #[test]
    fn a_known_path_with_another_method_says_so() {
        assert_eq!(
            routes().find(&Method::PUT, "/functions/x"),
            Matched::WrongMethod
        );
    }

    #[test]
    fn bytes_that_are_no_text_match_nothing() {
        assert_eq!(
            routes().find(&Method::GET, "/functions/%FF"),
            Matched::Nothing
        );
    }

    #[test]
    #[should_panic(expected = "routed twice")]
    fn two_templates_for_the_same_paths_are_a_mistake() {
        let _routes = routes().route(Method::GET, "/functions/{Other}", "again");
    }
}
