//! What is refused, and what is cut short.

use super::*;

#[tokio::test]
async fn nothing_can_be_written_and_nothing_else_be_read() {
    let bench = Bench::of(State::Hot).await;
    for statement in [
        "insert into traces select * from traces",
        "update traces set name = 'x'",
        "delete from traces",
        "truncate table traces",
        "drop view traces",
        "drop table traces",
        "alter table traces add column x int",
        "create table x as select * from traces",
        "create view x as select * from traces",
        "create external table x stored as csv location '/etc/passwd'",
        "copy traces to '/tmp/x.csv'",
        "copy (select 1) to '/tmp/x.parquet' stored as parquet",
        "explain insert into traces select * from traces",
        "explain analyze insert into traces select * from traces",
        "set datafusion.execution.batch_size = 1",
        "reset datafusion.execution.batch_size",
        "create database x",
        "create schema x",
        "create function f(int) returns int return $1",
        "prepare p as select 1",
        "execute p",
        "begin",
        "use x",
        "select * into x from traces",
    ] {
        let error = bench.refused(statement).await;
        assert!(matches!(error, SqlError::ReadOnly), "{statement}: {error}");
    }
    for (statement, says) in [
        ("select * from '/etc/passwd'", "not found"),
        ("select * from 'file:///etc/passwd'", "not found"),
        ("select * from read_csv('/etc/passwd')", "read_csv"),
        ("select * from read_parquet('x')", "read_parquet"),
        ("select repeat('x', 2000000000)", "repeat"),
        ("select lpad('x', 2000000000)", "lpad"),
        ("select range(1, 2000000000)", "range"),
        ("select array_repeat('x', 2000000000)", "array_repeat"),
        ("select list_repeat('x', 2000000000)", "list_repeat"),
    ] {
        let error = bench.refused(statement).await;
        assert!(
            matches!(error, SqlError::Statement(_)),
            "{statement}: {error}"
        );
        assert!(error.to_string().contains(says), "{statement}: {error}");
    }
}

#[tokio::test]
async fn mistakes_are_told() {
    let bench = Bench::of(State::Hot).await;
    for (statement, says) in [
        ("selct 1", "selct"),
        ("select nme from traces", "nme"),
        ("select * from trces", "trces"),
        ("select cast(name as int) from traces", "Cannot cast"),
        (
            "select 1 from traces where",
            "expected: an expression, found: eof",
        ),
    ] {
        let error = bench.refused(statement).await;
        assert!(
            matches!(error, SqlError::Statement(_)),
            "{statement}: {error:?}"
        );
        let told = error.to_string().to_lowercase();
        assert!(told.contains(&says.to_lowercase()), "{statement}: {error}");
    }
    for (statement, count) in [("", 0), ("select 1; select 2", 2), (";;", 0)] {
        let error = bench.refused(statement).await;
        assert!(
            matches!(error, SqlError::Statements(found) if found == count),
            "{error}"
        );
    }
    let long = format!("select '{}'", "x".repeat(64 << 10));
    let error = bench.refused(&long).await;
    assert!(matches!(error, SqlError::TooLong { .. }), "{error}");
}

#[tokio::test]
async fn what_nests_deep_is_an_error_and_no_end_of_the_process() {
    let bench = Bench::of(State::Hot).await;
    let nested = format!("select {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let error = bench.refused(&nested).await;
    assert!(matches!(error, SqlError::Statement(_)), "{error}");
    // No parenthesis, and as deep a tree.
    for chain in [
        format!("select 1{}", "+1".repeat(300)),
        format!("select {}1", "- ".repeat(300)),
    ] {
        let answered = bench.rows(&chain).await;
        assert!(
            matches!(answered, Ok(_) | Err(SqlError::Statement(_))),
            "{answered:?}"
        );
    }
}

#[tokio::test]
async fn memory_has_a_limit() {
    let settings = SqlSettings {
        memory_bytes: 1 << 20,
        ..SqlSettings::default()
    };
    let bench = Bench::empty(State::Hot, settings);
    bench.put(&conformance::deliveries()[0]).await;
    let large = "select count(distinct a.trace_id || b.trace_id || c.trace_id) from traces a, traces b, traces c";
    let error = bench.refused(large).await;
    assert!(matches!(error, SqlError::Memory { .. }), "{error:?}");
    let told = "the statement needs more than 1 MB of memory, the setting sql.memory: ask for fewer rows, columns or groups";
    assert_eq!(error.to_string(), told);
    // The next one has all of it.
    assert_eq!(bench.column("select count(*) from traces").await.len(), 1);
}

/// Never ends by itself.
const ENDLESS: &str =
    "select count(*) from generate_series(1, 1000000000000000) where value % 7 = 8";

/// More than anybody buffers.
const LONG: &str = "select * from generate_series(1, 1000000000000000)";

/// Waits until a statement's turn has come.
async fn in_turn(bench: &Bench) -> Vec<Value> {
    loop {
        match bench.rows("select 1").await {
            Err(SqlError::TooMany(_)) => tokio::task::yield_now().await,
            answered => return answered.unwrap(),
        }
    }
}

fn long(statement: &str, timeout: Option<Duration>) -> Ask {
    Ask {
        statement: statement.to_owned(),
        format: Format::Rows,
        timeout,
    }
}

#[tokio::test]
async fn time_has_a_limit() {
    let bench = Bench::empty(State::Hot, SqlSettings::default());
    let limit = Duration::from_millis(50);
    let error = bench.sql.ask(long(ENDLESS, Some(limit))).await;
    let error = error.expect_err("it has no end");
    assert!(
        matches!(error, SqlError::TimedOut(after) if after == limit),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "the statement took longer than 0.05 s");
    // It is over, and so is whatever worked on it.
    assert_eq!(in_turn(&bench).await.len(), 1);

    // Who asks may have less than the setting, not more.
    let bench = Bench::empty(State::Hot, within(limit));
    let hour = Duration::from_secs(3_600);
    let error = bench.sql.ask(long(ENDLESS, Some(hour))).await;
    let error = error.expect_err("it has no end");
    assert!(
        matches!(error, SqlError::TimedOut(after) if after == limit),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_result_without_an_end_ends_at_its_time() {
    let bench = Bench::empty(State::Hot, SqlSettings::default());
    let asked = bench.sql.ask(long(LONG, Some(Duration::from_millis(200))));
    let error = match asked.await {
        // Before the first piece.
        Err(error) => error,
        Ok(mut answer) => loop {
            match answer.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("it has no end"),
            }
        },
    };
    assert!(matches!(error, SqlError::TimedOut(_)), "{error:?}");
}

#[tokio::test]
async fn two_at_once_and_who_goes_away_makes_room() {
    let bench = Bench::empty(State::Hot, SqlSettings::default());
    let one = bench.sql.ask(long(LONG, None)).await.unwrap();
    let other = bench.sql.ask(long(LONG, None)).await.unwrap();
    let third = bench.sql.ask(long(LONG, None)).await.unwrap_err();
    assert!(matches!(third, SqlError::TooMany(2)), "{third:?}");
    drop(one);
    assert_eq!(in_turn(&bench).await.len(), 1);
    drop(other);
}
