//! What the conditions of a statement say about which traces it needs. Whatever is not understood says nothing: the statement
//! looks at every row itself.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_store::hot::snapshot::Wanted;

use crate::views::View;

/// The traces that all of these conditions may be true of.
pub(crate) fn wanted(view: View, conditions: &[Expr]) -> Wanted {
    let mut wanted = Wanted::default();
    for condition in conditions {
        narrow(view, condition, &mut wanted);
    }
    wanted
}

/// Whether a condition says something.
pub(crate) fn is_understood(view: View, condition: &Expr) -> bool {
    let mut wanted = Wanted::default();
    narrow(view, condition, &mut wanted);
    wanted != Wanted::default()
}

/// Which of a trace's times a column is about.
enum Time {
    Start,
    Received,
}

fn narrow(view: View, condition: &Expr, wanted: &mut Wanted) {
    if let Some(ids) = ids(condition) {
        wanted.traces = Some(match wanted.traces.take() {
            Some(before) => before.intersection(&ids).copied().collect(),
            None => ids,
        });
        return;
    }
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => {
                narrow(view, left, wanted);
                narrow(view, right, wanted);
            }
            _ => {
                if let (Some(time), Some(value)) = (time(view, left), micros(right)) {
                    compare(time, *op, value, wanted);
                } else if let (Some(value), Some(time), Some(op)) =
                    (micros(left), time(view, right), op.swap())
                {
                    compare(time, op, value, wanted);
                }
            }
        },
        Expr::Between(Between {
            expr,
            negated: false,
            low,
            high,
        }) => {
            if let (Some(time), Some(low)) = (time(view, expr), micros(low)) {
                compare(time, Operator::GtEq, low, wanted);
            }
            if let (Some(time), Some(high)) = (time(view, expr), micros(high)) {
                compare(time, Operator::LtEq, high, wanted);
            }
        }
        _ => {}
    }
}

/// A value lies between these, which are the same or neighbours.
fn compare(time: Time, op: Operator, value: RangeInclusive<i64>, wanted: &mut Wanted) {
    let (from, to) = match op {
        Operator::Eq => (*value.start(), *value.end()),
        Operator::Gt | Operator::GtEq => (*value.start(), i64::MAX),
        Operator::Lt | Operator::LtEq => (i64::MIN, *value.end()),
        _ => return,
    };
    let range = match time {
        Time::Start => &mut wanted.start,
        Time::Received => &mut wanted.received,
    };
    let before = range
        .take()
        .unwrap_or(TimestampMicros(i64::MIN)..=TimestampMicros(i64::MAX));
    let from = TimestampMicros(from).max(*before.start());
    let to = TimestampMicros(to).min(*before.end());
    *range = Some(from..=to);
}

fn time(view: View, expr: &Expr) -> Option<Time> {
    match (view, column(expr)?) {
        (View::Traces, "start_time")
        | (View::Segments | View::Spans | View::Edges, "trace_start") => Some(Time::Start),
        (View::Traces, "first_received" | "last_received")
        | (View::Segments | View::Spans | View::Edges, "received") => Some(Time::Received),
        _ => None,
    }
}

/// A column, perhaps in another unit of time.
fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(column) => Some(&column.name),
        Expr::Cast(cast) => match cast.field.data_type() {
            DataType::Timestamp(..) => column(&cast.expr),
            _ => None,
        },
        _ => None,
    }
}

/// A constant time.
fn micros(expr: &Expr) -> Option<RangeInclusive<i64>> {
    let Expr::Literal(value, _) = expr else {
        return None;
    };
    match value {
        ScalarValue::TimestampSecond(Some(value), _) => exactly(value.checked_mul(1_000_000)?),
        ScalarValue::TimestampMillisecond(Some(value), _) => exactly(value.checked_mul(1_000)?),
        ScalarValue::TimestampMicrosecond(Some(value), _) => exactly(*value),
        ScalarValue::TimestampNanosecond(Some(value), _) => {
            let floor = value.div_euclid(1_000);
            Some(floor..=floor + i64::from(value.rem_euclid(1_000) > 0))
        }
        _ => None,
    }
}

fn exactly(value: i64) -> Option<RangeInclusive<i64>> {
    Some(value..=value)
}

/// The ids that a trace's id must be one of. A text that is no id, as X-Ray writes it, is nobody's.
fn ids(condition: &Expr) -> Option<BTreeSet<TraceId>> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq => {
                let text = match (&**left, &**right) {
                    (Expr::Column(column), other) | (other, Expr::Column(column))
                        if column.name == "trace_id" =>
                    {
                        text(other)?
                    }
                    _ => return None,
                };
                Some(id(text).into_iter().collect())
            }
            Operator::Or => {
                let mut ids = ids(left)?;
                ids.extend(self::ids(right)?);
                Some(ids)
            }
            _ => None,
        },
        Expr::InList(InList {
            expr,
            list,
            negated: false,
        }) => match &**expr {
            Expr::Column(column) if column.name == "trace_id" => {
                let texts: Option<Vec<&str>> = list.iter().map(text).collect();
                Some(texts?.into_iter().filter_map(id).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    let Expr::Literal(value, _) = expr else {
        return None;
    };
    value.try_as_str().flatten()
}

fn id(text: &str) -> Option<TraceId> {
    let id = TraceId::parse_xray(text).ok()?;
    (id.to_string() == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{Between, col, lit};

    use super::*;

    const ONE: &str = "1-67000001-000000000000000000000001";
    const TWO: &str = "1-67000001-000000000000000000000002";

    fn at(micros: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(
            Some(micros),
            Some("+00:00".into()),
        ))
    }

    fn nanos(nanos: i64) -> Expr {
        lit(ScalarValue::TimestampNanosecond(Some(nanos), None))
    }

    fn range(from: i64, to: i64) -> Option<RangeInclusive<TimestampMicros>> {
        Some(TimestampMicros(from)..=TimestampMicros(to))
    }

    fn ids(texts: &[&str]) -> Option<BTreeSet<TraceId>> {
        Some(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn times_narrow_and_never_too_much() {
        let start = |conditions: &[Expr]| wanted(View::Traces, conditions).start;
        assert_eq!(
            start(&[col("start_time").gt(at(5))]),
            range(5, i64::MAX),
            "more is found, and looked at"
        );
        assert_eq!(start(&[at(5).gt(col("start_time"))]), range(i64::MIN, 5));
        assert_eq!(
            start(&[col("start_time").gt_eq(at(3)), col("start_time").lt(at(9))]),
            range(3, 9)
        );
        assert_eq!(
            start(&[col("start_time")
                .gt_eq(at(3))
                .and(col("start_time").lt(at(9)))]),
            range(3, 9)
        );
        assert_eq!(start(&[col("start_time").eq(at(3))]), range(3, 3));
        assert_eq!(start(&[col("start_time").eq(nanos(3_500))]), range(3, 4));
        let between = Between::new(
            Box::new(col("start_time")),
            false,
            Box::new(at(2)),
            Box::new(at(4)),
        );
        assert_eq!(start(&[Expr::Between(between.clone())]), range(2, 4));
        let not = Between {
            negated: true,
            ..between
        };
        assert_eq!(start(&[Expr::Between(not)]), None);
    }

    #[test]
    fn what_is_about_something_else_says_nothing() {
        for condition in [
            col("end_time").gt(at(5)),
            col("start_time").gt(col("end_time")),
            col("start_time").not_eq(at(5)),
            col("start_time").gt(at(5)).or(col("fault")),
            col("trace_id").not_eq(lit(ONE)),
            col("trace_id").eq(lit(ONE)).or(col("fault")),
            col("trace_id").in_list(vec![lit(ONE)], true),
            col("trace_id").in_list(vec![lit(ONE), col("name")], false),
            col("name").eq(lit(ONE)),
        ] {
            assert!(!is_understood(View::Traces, &condition), "{condition}");
        }
        // A segment's start is not its trace's.
        assert!(!is_understood(View::Segments, &col("start_time").gt(at(5))));
        assert!(is_understood(View::Segments, &col("trace_start").gt(at(5))));
    }

    #[test]
    fn ids_are_met_and_joined() {
        let traces = |conditions: &[Expr]| wanted(View::Spans, conditions).traces;
        let (one, two) = (col("trace_id").eq(lit(ONE)), lit(TWO).eq(col("trace_id")));
        assert_eq!(traces(std::slice::from_ref(&one)), ids(&[ONE]));
        assert_eq!(traces(&[one.or(two.clone())]), ids(&[ONE, TWO]));
        let both = col("trace_id").in_list(vec![lit(ONE), lit(TWO), lit("nobody")], false);
        assert_eq!(traces(std::slice::from_ref(&both)), ids(&[ONE, TWO]));
        assert_eq!(traces(&[both, two]), ids(&[TWO]));
        // W3C's spelling is another text.
        let other = col("trace_id").eq(lit("67000001000000000000000000000001"));
        assert_eq!(traces(&[other]), ids(&[]));
    }

    #[test]
    fn receipts_are_about_all_of_a_trace() {
        let received = |view, condition| wanted(view, &[condition]).received;
        let last = col("last_received").gt_eq(at(7));
        assert_eq!(received(View::Traces, last), range(7, i64::MAX));
        let first = col("first_received").lt(at(7));
        assert_eq!(received(View::Traces, first), range(i64::MIN, 7));
        let span = col("received").lt_eq(at(7));
        assert_eq!(received(View::Spans, span), range(i64::MIN, 7));
    }
}
