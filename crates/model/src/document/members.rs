//! The members of fixed shape: `http`, `sql`, links, causes.

use serde::de::MapAccess;

use super::draft::{IdText, TraceIdText};
use super::entity::{Http, HttpRequest, HttpResponse, Link, Sql};
use super::lenient::{Context, Field, Key};
use super::object::Object;
use super::{Cause, Exception, Frame, Recorded};

// === http, sql, links ===

impl Field for Http {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut http = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "request" => http.request = map.next_value_seed(context.member())?,
                "response" => http.response = map.next_value_seed(context.member())?,
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(http))
    }
}

impl Field for HttpRequest {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut request = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "method" => request.method = map.next_value_seed(context.member())?,
                "url" => request.url = map.next_value_seed(context.member())?,
                "user_agent" => request.user_agent = map.next_value_seed(context.member())?,
                "client_ip" => request.client_ip = map.next_value_seed(context.member())?,
                "x_forwarded_for" => {
                    request.x_forwarded_for = map.next_value_seed(context.member())?;
                }
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(request))
    }
}

impl Field for HttpResponse {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut response = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "status" => response.status = map.next_value_seed(context.member())?,
                "content_length" => {
                    response.content_length = map.next_value_seed(context.member())?;
                }
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(response))
    }
}

impl Field for Sql {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut sql = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            let member = match &*key.0 {
                "connection_string" => &mut sql.connection_string,
                "url" => &mut sql.url,
                "sanitized_query" => &mut sql.sanitized_query,
                "database_type" => &mut sql.database_type,
                "database_version" => &mut sql.database_version,
                "driver_version" => &mut sql.driver_version,
                "user" => &mut sql.user,
                "preparation" => &mut sql.preparation,
                _ => {
                    context.unknown(&mut map)?;
                    continue;
                }
            };
            *member = map.next_value_seed(context.member())?;
        }
        Ok(Some(sql))
    }
}

/// A link that names no trace is none.
impl Field for Link {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut trace_id: Option<TraceIdText> = None;
        let mut id: Option<IdText> = None;
        let mut attributes: Option<Object> = None;
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "trace_id" => trace_id = map.next_value_seed(context.member())?,
                "id" => id = map.next_value_seed(context.member())?,
                "attributes" => attributes = map.next_value_seed(context.free_form())?,
                _ => context.unknown(&mut map)?,
            }
        }
        let Some(TraceIdText::Valid(trace_id)) = trace_id else {
            return Ok(None);
        };
        let id = match id {
            Some(IdText::Valid(id, _)) => Some(id),
            _ => None,
        };
        Ok(Some(Self {
            trace_id,
            id,
            attributes: attributes.unwrap_or_default(),
        }))
    }
}

// === causes ===

impl Field for Cause {
    fn text(text: &str) -> Option<Self> {
        Some(Self::Reference(text.into()))
    }

    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut recorded = Recorded::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "id" => recorded.id = map.next_value_seed(context.member())?,
                "working_directory" => {
                    recorded.working_directory = map.next_value_seed(context.member())?;
                }
                "paths" => {
                    recorded.paths = map.next_value_seed(context.member())?.unwrap_or_default();
                }
                "exceptions" => {
                    recorded.exceptions =
                        map.next_value_seed(context.member())?.unwrap_or_default();
                }
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(Self::Recorded(recorded)))
    }
}

impl Field for Exception {
    fn text(_: &str) -> Option<Self> {
        Some(Self::default())
    }

    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut exception = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "id" => exception.id = map.next_value_seed(context.member())?,
                "message" => exception.message = map.next_value_seed(context.member())?,
                "type" => exception.kind = map.next_value_seed(context.member())?,
                "remote" => exception.remote = map.next_value_seed(context.member())?,
                "truncated" => exception.truncated = map.next_value_seed(context.member())?,
                "skipped" => exception.skipped = map.next_value_seed(context.member())?,
                "cause" => exception.cause = map.next_value_seed(context.member())?,
                "stack" => {
                    exception.stack = map.next_value_seed(context.member())?.unwrap_or_default();
                }
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(exception))
    }
}

impl Field for Frame {
    fn object<'de, A: MapAccess<'de>>(
        context: &Context,
        mut map: A,
    ) -> Result<Option<Self>, A::Error> {
        let mut frame = Self::default();
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match &*key.0 {
                "path" => frame.path = map.next_value_seed(context.member())?,
                "line" => frame.line = map.next_value_seed(context.member())?,
                "label" => frame.label = map.next_value_seed(context.member())?,
                _ => context.unknown(&mut map)?,
            }
        }
        Ok(Some(frame))
    }
}
