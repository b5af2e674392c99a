//! An OpenAPI document as it was sent.

use serde_json::{Map, Value};

use super::{BasePath, ManagementError};

/// A document of a version that we know.
#[derive(Debug)]
pub(super) struct Document {
    members: Map<String, Value>,
}

/// The text with which AWS refuses a document that it cannot read.
pub(super) fn invalid() -> ManagementError {
    ManagementError::bad_request("Invalid OpenAPI input.")
}

// === impl Document ===

impl Document {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ManagementError> {
        let text = std::str::from_utf8(body).map_err(|_| invalid())?;
        let value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(_) => fluoro_yaml::parse(text).map_err(|_| invalid())?,
        };
        let Value::Object(members) = value else {
            return Err(invalid());
        };
        let version = |key: &str| members.get(key).map(ToString::to_string);
        let two = version("swagger").is_some_and(|version| version.contains("2.0"));
        let three =
            version("openapi").is_some_and(|version| version.trim_matches('"').starts_with("3."));
        if !two && !three {
            return Err(invalid());
        }
        Ok(Self { members })
    }

    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// A member that is an object; one that is absent is empty.
    pub(super) fn object(&self, key: &str) -> Result<&Map<String, Value>, ManagementError> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        match self.members.get(key) {
            None | Some(Value::Null) => Ok(&EMPTY),
            Some(value) => value.as_object().ok_or_else(invalid),
        }
    }

    pub(super) fn title(&self) -> Result<&str, ManagementError> {
        let title = self.object("info")?.get("title");
        title.and_then(Value::as_str).ok_or_else(invalid)
    }

    /// What a value says, or what it points to within this document.
    pub(super) fn resolve<'d>(&'d self, value: &'d Value) -> Result<&'d Value, ManagementError> {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            return Ok(value);
        };
        let mut parts = reference.strip_prefix("#/").ok_or_else(invalid)?.split('/');
        let first = parts.next().and_then(|part| self.members.get(part));
        let found = first.and_then(|first| {
            parts.try_fold(first, |value, part| {
                value.get(crate::management::patch::unescape(part))
            })
        });
        found.ok_or_else(invalid)
    }

    /// The path parts that come before every path of the document.
    pub(super) fn base_path(&self, mode: BasePath) -> Result<Vec<String>, ManagementError> {
        let skipped = match mode {
            BasePath::Ignore => return Ok(Vec::new()),
            BasePath::Prepend => 0,
            BasePath::Split => 1,
        };
        let base = match self.members.get("basePath") {
            Some(base) => base.as_str().ok_or_else(invalid)?.to_owned(),
            None => self.server_path(),
        };
        let parts = base.split('/').filter(|part| !part.is_empty());
        Ok(parts.skip(skipped).map(str::to_owned).collect())
    }

    /// OpenAPI 3: the server variable `basePath`, else the path of the server's URL.
    fn server_path(&self) -> String {
        let servers = self.members.get("servers").and_then(Value::as_array);
        let Some(server) = servers.and_then(|servers| servers.first()) else {
            return String::new();
        };
        let variable = server
            .pointer("/variables/basePath/default")
            .and_then(Value::as_str);
        if let Some(base) = variable {
            return base.to_owned();
        }
        let url = server
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
        path.to_owned()
    }
}
