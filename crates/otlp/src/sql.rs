//! The `sql` block.

use fluoro_model::document::Sql;

use crate::facts;
use crate::json::{Open, object};
use crate::names::{Attributes, Slot};

/// Databases that speak SQL. Source: OpenTelemetry semantic conventions, `db.system.name` and the older `db.system`.
const SQL: [&str; 24] = [
    "clickhouse",
    "cockroachdb",
    "db2",
    "derby",
    "h2",
    "hive",
    "hsqldb",
    "ibm.db2",
    "mariadb",
    "microsoft.sql_server",
    "mssql",
    "mysql",
    "oracle",
    "oracle.db",
    "other_sql",
    "postgresql",
    "aws.redshift",
    "redshift",
    "sap.hana",
    "hanadb",
    "snowflake",
    "sqlite",
    "teradata",
    "trino",
];

/// Whether the span queries a database that speaks SQL.
pub(crate) fn speaks(attributes: &Attributes<'_, '_>) -> bool {
    attributes
        .text(Slot::DbSystem)
        .is_some_and(|system| SQL.contains(&system))
}

/// Writes the block, and gives it back.
pub(crate) fn write(
    attributes: &mut Attributes<'_, '_>,
    open: &mut Open,
    out: &mut Vec<u8>,
) -> Option<Sql> {
    if !speaks(attributes) {
        return None;
    }
    open.plain_key(out, "sql");
    let mut sql = object(out);
    // A connection string that is a URL has a field of its own (X-Ray developer guide, SQL queries).
    let connection = attributes.take_text(Slot::DbConnection);
    let (url, string) = match connection {
        Some(url) if url.contains("://") => (Some(url), None),
        string => (None, string),
    };
    let query = attributes.take_text(Slot::DbQuery);
    let system = attributes.take_text(Slot::DbSystem);
    let user = attributes.take_text(Slot::DbUser);
    let facts = Sql {
        url: facts::text(&mut sql, out, "url", url),
        connection_string: facts::text(&mut sql, out, "connection_string", string),
        sanitized_query: facts::text(&mut sql, out, "sanitized_query", query),
        database_type: facts::text(&mut sql, out, "database_type", system),
        user: facts::text(&mut sql, out, "user", user),
        ..Sql::default()
    };
    sql.close(out);
    Some(facts)
}
