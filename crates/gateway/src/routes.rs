//! Which method of which resource answers a path.
//!
//! A tree with a node per resource, made once for a deployed stage. Part by part a literal wins over a variable and a
//! variable over a greedy one; where that leads nowhere, the next best is tried. A path is compared as it was sent,
//! escapes included. Source: API Gateway developer guide, resource path matching; recorded answers for slashes.

use std::collections::HashMap;

use http::Method;

/// The verbs that a method may be for; `ANY` answers just these.
pub(crate) const VERBS: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"];

/// Resources with the `T` of each of their methods.
#[derive(Debug)]
pub(crate) struct Routes<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    literals: HashMap<Box<str>, usize>,
    variable: Option<Child>,
    greedy: Option<Child>,
    by_verb: Vec<(Method, T)>,
    any: Option<T>,
}

#[derive(Debug)]
struct Child {
    parameter: Box<str>,
    node: usize,
}

/// The method that answers, and what the path's variable parts held.
#[derive(Debug, PartialEq)]
pub(crate) struct Found<'r, 'p, T> {
    pub(crate) method: &'r T,
    pub(crate) parameters: Vec<(&'r str, &'p str)>,
}

/// How far a search may go for a node that has the verb.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Any,
    /// A better match lacks the verb: only a greedy resource may still answer for it.
    GreedyOnly,
}

// === impl Routes ===

impl<T> Routes<T> {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    /// Adds a method: a verb or `ANY`, below a resource's path (`/items/{id}`, `/{proxy+}`, `/`).
    pub(crate) fn add(&mut self, path: &str, verb: &str, target: T) {
        let mut at = 0;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = self.child(at, part);
        }
        let node = &mut self.nodes[at];
        match Method::from_bytes(verb.as_bytes()) {
            Ok(method) if VERBS.contains(&verb) => node.by_verb.push((method, target)),
            _ => node.any = Some(target),
        }
    }

    fn child(&mut self, at: usize, part: &str) -> usize {
        let fresh = self.nodes.len();
        let node = &mut self.nodes[at];
        let variable = part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let child = match variable {
            None => *node.literals.entry(part.into()).or_insert(fresh),
            Some(name) => {
                let (slot, name) = match name.strip_suffix('+') {
                    Some(name) => (&mut node.greedy, name),
                    None => (&mut node.variable, name),
                };
                let make = || Child {
                    parameter: name.into(),
                    node: fresh,
                };
                slot.get_or_insert_with(make).node
            }
        };
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Finds what answers `path`, which is below the stage and without query.
    pub(crate) fn find<'r, 'p>(
        &'r self,
        method: &Method,
        path: &'p str,
    ) -> Option<Found<'r, 'p, T>> {
        if !VERBS.contains(&method.as_str()) {
            return None;
        }
        let path = path.trim_start_matches('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut search = Search {
            routes: self,
            method,
            parameters: Vec::new(),
            reach: Reach::Any,
        };
        let rest = (!path.is_empty()).then_some(path);
        let target = search.below(0, rest)?;
        Some(Found {
            method: target,
            parameters: search.parameters,
        })
    }
}

/// One walk through the tree; gives up a branch by forgetting the parameters that it had taken.
struct Search<'r, 'p, 'm, T> {
    routes: &'r Routes<T>,
    method: &'m Method,
    parameters: Vec<(&'r str, &'p str)>,
    reach: Reach,
}

impl<'r, 'p, T> Search<'r, 'p, '_, T> {
    fn below(&mut self, at: usize, rest: Option<&'p str>) -> Option<&'r T> {
        let node = &self.routes.nodes[at];
        let Some(rest) = rest else {
            return self.here(node);
        };
        let (part, after) = match rest.split_once('/') {
            Some((part, after)) => (part, Some(after)),
            None => (rest, None),
        };
        if let Some(&child) = node.literals.get(part)
            && let Some(found) = self.below(child, after)
        {
            return Some(found);
        }
        if let Some(child) = &node.variable
            && !part.is_empty()
            && let Some(found) = self.taking(child, part, after)
        {
            return Some(found);
        }
        let child = node.greedy.as_ref()?;
        self.parameters.push((&child.parameter, rest));
        let found = self.routes.nodes[child.node].method(self.method);
        if found.is_none() {
            self.parameters.pop();
        }
        found
    }

    fn taking(&mut self, child: &'r Child, part: &'p str, after: Option<&'p str>) -> Option<&'r T> {
        self.parameters.push((&child.parameter, part));
        let found = self.below(child.node, after);
        if found.is_none() {
            self.parameters.pop();
        }
        found
    }

    fn here(&mut self, node: &'r Node<T>) -> Option<&'r T> {
        if self.reach == Reach::GreedyOnly {
            return None;
        }
        let found = node.method(self.method);
        if found.is_none() && node.has_methods() {
            self.reach = Reach::GreedyOnly;
        }
        found
    }
}

// === impl Node ===

impl<T> Node<T> {
    fn method(&self, method: &Method) -> Option<&T> {
        let exact = self.by_verb.iter().find(|(verb, _)| verb == method);
        exact.map(|(_, target)| target).or(self.any.as_ref())
    }

    fn has_methods(&self) -> bool {
        self.any.is_some() || !self.by_verb.is_empty()
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            literals: HashMap::new(),
            variable: None,
            greedy: None,
            by_verb: Vec::new(),
            any: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(given: &[(&str, &str)]) -> Routes<String> {
        let mut routes = Routes::new();
        for (verb, path) in given {
            routes.add(path, verb, format!("{verb} {path}"));
        }
        routes
    }

    fn answer<'p>(
        routes: &Routes<String>,
        verb: &str,
        path: &'p str,
    ) -> Option<(String, Vec<(String, &'p str)>)> {
        let method: Method = verb.parse().unwrap();
        let found = routes.find(&method, path)?;
        let parameters = found.parameters.iter();
        Some((
            found.method.clone(),
            parameters
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
        ))
    }

    fn route(routes: &Routes<String>, verb: &str, path: &str) -> Option<String> {
        answer(routes, verb, path).map(|(route, _)| route)
    }

    #[test]
    fn a_literal_wins_over_a_variable_and_a_variable_over_a_greedy_one() {
        let routes = routes(&[
            ("GET", "/items/new"),
            ("GET", "/items/{id}"),
            ("GET", "/{proxy+}"),
        ]);
        for (path, wanted) in [
            ("/items/new", "GET /items/new"),
            ("/items/17", "GET /items/{id}"),
            ("/items/17/parts", "GET /{proxy+}"),
            ("/other", "GET /{proxy+}"),
        ] {
            assert_eq!(
                route(&routes, "GET", path).as_deref(),
                Some(wanted),
                "{path}"
            );
        }
    }

    #[test]
    fn any_answers_what_has_no_method_of_its_own() {
        let routes = routes(&[("ANY", "/x"), ("POST", "/x")]);
        assert_eq!(route(&routes, "GET", "/x").unwrap(), "ANY /x");
        assert_eq!(route(&routes, "POST", "/x").unwrap(), "POST /x");
        assert_eq!(route(&routes, "TRACE", "/x"), None);
    }

    #[test]
    fn head_is_not_answered_by_get() {
        assert_eq!(route(&routes(&[("GET", "/x")]), "HEAD", "/x"), None);
    }

    #[test]
    fn a_greedy_part_holds_at_least_one_character() {
        let routes = routes(&[("GET", "/files/{proxy+}")]);
        assert_eq!(route(&routes, "GET", "/files"), None);
        assert_eq!(route(&routes, "GET", "/files/"), None);
        let (_, parameters) = answer(&routes, "GET", "/files/a//b/").unwrap();
        assert_eq!(parameters, [("proxy".to_owned(), "a//b")]);
    }

    #[test]
    fn slashes_at_either_end_do_not_matter() {
        let routes = routes(&[("GET", "/plain"), ("GET", "/")]);
        for path in ["/plain", "/plain/", "//plain"] {
            assert_eq!(route(&routes, "GET", path).unwrap(), "GET /plain", "{path}");
        }
        assert_eq!(route(&routes, "GET", "").unwrap(), "GET /");
        assert_eq!(route(&routes, "GET", "/pla//in"), None);
    }

    #[test]
    fn escapes_stay_as_they_were_sent() {
        let routes = routes(&[("GET", "/user/{name}")]);
        let (_, parameters) = answer(&routes, "GET", "/user/test%2Balias@x").unwrap();
        assert_eq!(parameters, [("name".to_owned(), "test%2Balias@x")]);
    }

    #[test]
    fn a_dead_end_is_left_again() {
        let routes = routes(&[("GET", "/a/b/x"), ("GET", "/a/{v}/c")]);
        let (found, parameters) = answer(&routes, "GET", "/a/b/c").unwrap();
        assert_eq!((found.as_str(), parameters.len()), ("GET /a/{v}/c", 1));
    }

    #[test]
    fn where_the_best_match_lacks_the_verb_only_a_greedy_one_helps() {
        let with_greedy = routes(&[
            ("POST", "/items/new"),
            ("GET", "/items/{id}"),
            ("GET", "/{proxy+}"),
        ]);
        assert_eq!(
            route(&with_greedy, "GET", "/items/new").unwrap(),
            "GET /{proxy+}"
        );
        let without = routes(&[("POST", "/items/new"), ("GET", "/items/{id}")]);
        assert_eq!(route(&without, "GET", "/items/new"), None);
    }
}
