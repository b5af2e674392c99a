//! An expression made ready: groups in it are spelled out, so that a trace alone decides.

use std::sync::Arc;

use fluoro_trace::Projection;

use crate::ast::{Expression, GroupBy, Predicate};
use crate::columns::Columns;
use crate::evaluate::{self, Ended, Matched};

/// Groups within groups are spelled out this deep; X-Ray allows 25 groups (X-Ray endpoints and quotas).
const DEEPEST: usize = 32;

/// An expression may grow to this many predicates by spelling out its groups.
const LARGEST: usize = 10_000;

/// What `group.name` and `group.arn` stand for: the expressions that groups have now.
pub trait GroupExpressions {
    /// The expression of a group; `None` when there is none of that name or ARN. One without a filter is
    /// [`Expression::Everything`].
    fn expression(&self, by: GroupBy, value: &str) -> Option<Arc<Expression>>;
}

/// Where there are no groups.
#[derive(Debug, Clone, Copy)]
pub struct NoGroups;

impl GroupExpressions for NoGroups {
    fn expression(&self, _: GroupBy, _: &str) -> Option<Arc<Expression>> {
        None
    }
}

/// The groups in an expression cannot be spelled out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// It comes back to itself.
    #[error("group {0} refers to itself")]
    Cycle(String),
    /// It becomes too large.
    #[error("the groups within the expression make it too large")]
    TooLarge,
}

/// A filter: the one judge of whether a trace is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    expression: Expression,
}

impl Filter {
    /// Every trace.
    pub const EVERYTHING: Self = Self {
        expression: Expression::Everything,
    };

    /// No trace.
    pub const NOTHING: Self = Self {
        expression: Expression::Is(Predicate::Never),
    };

    /// Spells out the groups of an expression. A group that nobody knows holds no trace.
    ///
    /// # Errors
    ///
    /// [`GroupError`] when groups refer to each other in a circle or grow too large; whoever saves a group refuses it
    /// then.
    pub fn new(expression: &Expression, groups: &dyn GroupExpressions) -> Result<Self, GroupError> {
        let mut speller = Speller {
            groups,
            within: Vec::new(),
            predicates: 0,
        };
        Ok(Self {
            expression: speller.spell(expression)?,
        })
    }

    /// The expression, groups spelled out.
    #[must_use]
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Whether the trace is meant.
    #[must_use]
    pub fn matches(&self, projection: &Projection) -> bool {
        evaluate::matches(&self.expression, projection, &Ended::Whenever)
    }

    /// Whether the trace is meant when `service(…)` and `edge(…)` mean only segments and calls that ended within a
    /// window, and by which of them; `None` when it is not.
    #[must_use]
    pub fn matches_ended<'p>(
        &self,
        projection: &'p Projection,
        ended: &Ended,
    ) -> Option<Matched<'p>> {
        evaluate::matches(&self.expression, projection, ended)
            .then(|| evaluate::matched(&self.expression, projection, ended))
    }

    /// What the columns of a trace's row must say so that the trace can be meant, whatever the window.
    #[must_use]
    pub fn columns(&self) -> Columns {
        Columns::of(&self.expression)
    }

    /// Whether it asks for services or calls, so that [`matches_ended`](Self::matches_ended) may tell which.
    #[must_use]
    pub fn names_nodes(&self) -> bool {
        evaluate::names_nodes(&self.expression)
    }
}

/// Spells out groups.
struct Speller<'g> {
    groups: &'g dyn GroupExpressions,
    /// The groups that are being spelled out, as they are named.
    within: Vec<(GroupBy, String)>,
    predicates: usize,
}

impl Speller<'_> {
    fn spell(&mut self, expression: &Expression) -> Result<Expression, GroupError> {
        Ok(match expression {
            Expression::Everything => Expression::Everything,
            Expression::And(parts) => Expression::And(self.spell_all(parts)?),
            Expression::Or(parts) => Expression::Or(self.spell_all(parts)?),
            Expression::Not(inner) => Expression::Not(Box::new(self.spell(inner)?)),
            Expression::Is(predicate) => {
                self.predicates += 1;
                if self.predicates > LARGEST {
                    return Err(GroupError::TooLarge);
                }
                match predicate {
                    Predicate::Group(by, value, true) => self.group(*by, value)?,
                    Predicate::Group(by, value, false) => {
                        Expression::Not(Box::new(self.group(*by, value)?))
                    }
                    other => Expression::Is(other.clone()),
                }
            }
        })
    }

    fn spell_all(&mut self, parts: &[Expression]) -> Result<Vec<Expression>, GroupError> {
        parts.iter().map(|part| self.spell(part)).collect()
    }

    fn group(&mut self, by: GroupBy, value: &str) -> Result<Expression, GroupError> {
        let Some(expression) = self.groups.expression(by, value) else {
            return Ok(Expression::Is(Predicate::Never));
        };
        let here = (by, value.to_owned());
        if self.within.contains(&here) {
            return Err(GroupError::Cycle(here.1));
        }
        if self.within.len() == DEEPEST {
            return Err(GroupError::TooLarge);
        }
        self.within.push(here);
        let spelled = self.spell(&expression)?;
        self.within.pop();
        Ok(spelled)
    }
}

#[cfg(test)]
mod tests;
