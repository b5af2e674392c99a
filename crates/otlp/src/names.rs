//! What names of attributes mean, old and new spellings alike.
//!
//! Source: OpenTelemetry semantic conventions 1.40 and what they replaced (up to 1.12); names that begin with `aws.` and are in
//! neither are those of the OpenTelemetry Collector's X-Ray exporter.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use crate::message::{Attribute, Value};

macro_rules! slots {
    ($($slot:ident: $($name:literal),+;)+) => {
        /// What an attribute of a span means to us.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Slot { $($slot),+ }

        const SLOTS: usize = [$(stringify!($slot)),+].len();

        static NAMES: LazyLock<HashMap<&'static str, Slot, FixedState>> = LazyLock::new(|| {
            let names = [$($(($name, Slot::$slot)),+),+];
            names.into_iter().collect()
        });
    };
}

slots! {
    HttpMethod: "http.request.method", "http.method";
    Url: "url.full", "http.url";
    HttpStatus: "http.response.status_code", "http.status_code";
    UserAgent: "user_agent.original", "http.user_agent";
    ClientIp: "client.address", "http.client_ip";
    ResponseLength: "http.response.body.size", "http.response_content_length";
    UrlScheme: "url.scheme", "http.scheme";
    UrlPath: "url.path";
    UrlQuery: "url.query";
    HttpTarget: "http.target";
    HttpHost: "http.host";
    ServerAddress: "server.address";
    ServerPort: "server.port";
    PeerName: "net.peer.name";
    PeerPort: "net.peer.port";
    HostName: "http.server_name", "net.host.name";
    HostPort: "net.host.port";
    PeerAddress: "network.peer.address", "net.sock.peer.addr", "net.peer.ip";
    Operation: "aws.operation";
    RpcMethod: "rpc.method";
    RpcSystem: "rpc.system.name", "rpc.system";
    RpcService: "rpc.service";
    AwsService: "aws.service";
    Region: "aws.region", "cloud.region";
    Account: "aws.account.id";
    RequestId: "aws.request_id", "aws.requestId";
    ExtendedRequestId: "aws.extended_request_id";
    Retries: "aws.retries";
    QueueUrl: "aws.sqs.queue.url", "aws.queue_url", "aws.queue.url", "messaging.url";
    TableName: "aws.table_name", "aws.table.name";
    TableNames: "aws.dynamodb.table_names";
    Bucket: "aws.s3.bucket";
    BucketKey: "aws.s3.key";
    Topic: "aws.sns.topic.arn";
    FunctionName: "aws.lambda.function.name", "faas.invoked_name";
    Stream: "aws.kinesis.stream_name", "aws.kinesis.stream.name";
    DbSystem: "db.system.name", "db.system";
    DbQuery: "db.query.text", "db.statement";
    DbUser: "db.user";
    DbConnection: "db.connection_string";
    DbName: "db.namespace", "db.name";
    EndUser: "enduser.id";
    User: "user.id";
    ResourceId: "cloud.resource_id", "faas.id";
    LocalService: "aws.local.service";
    RemoteService: "aws.remote.service";
    PeerService: "service.peer.name", "peer.service";
    SpanKind: "aws.span.kind";
    Indexed: "aws.xray.annotations";
}

/// Attributes beyond this many are kept and mean nothing.
const LOOKED_AT: usize = 256;

/// A span's attributes, found by what they mean; and which of them a field of the document holds whole.
#[derive(Debug)]
pub(crate) struct Attributes<'s, 'a> {
    all: &'s [Attribute<'a>],
    /// Where in `all`, and one more.
    at: [u16; SLOTS],
    held: [u64; LOOKED_AT / 64],
}

// === impl Attributes ===

impl<'s, 'a> Attributes<'s, 'a> {
    pub(crate) fn of(all: &'s [Attribute<'a>]) -> Self {
        let names = &*NAMES;
        let mut at = [0; SLOTS];
        for (number, attribute) in (1_u16..).zip(all.iter().take(LOOKED_AT)) {
            if let Some(slot) = names.get(attribute.key)
                && at[*slot as usize] == 0
            {
                at[*slot as usize] = number;
            }
        }
        Self {
            all,
            at,
            held: [0; LOOKED_AT / 64],
        }
    }

    fn index(&self, slot: Slot) -> Option<usize> {
        usize::from(self.at[slot as usize]).checked_sub(1)
    }

    pub(crate) fn value(&self, slot: Slot) -> Option<Value<'a>> {
        Some(self.all[self.index(slot)?].value)
    }

    /// The text that stands there; none when it is empty.
    pub(crate) fn text(&self, slot: Slot) -> Option<&'a str> {
        self.value(slot)?.text().filter(|text| !text.is_empty())
    }

    pub(crate) fn integer(&self, slot: Slot) -> Option<i64> {
        match self.value(slot)? {
            Value::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// Says that a field holds this one whole, so that it needs no other place.
    pub(crate) fn hold(&mut self, slot: Slot) {
        if let Some(index) = self.index(slot) {
            self.hold_at(index);
        }
    }

    pub(crate) fn hold_at(&mut self, index: usize) {
        if let Some(word) = self.held.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// As [`text`](Self::text), and held.
    pub(crate) fn take_text(&mut self, slot: Slot) -> Option<&'a str> {
        let text = self.text(slot)?;
        self.hold(slot);
        Some(text)
    }

    /// As [`integer`](Self::integer), and held.
    pub(crate) fn take_integer(&mut self, slot: Slot) -> Option<i64> {
        let integer = self.integer(slot)?;
        self.hold(slot);
        Some(integer)
    }

    pub(crate) fn all(&self) -> &'s [Attribute<'a>] {
        self.all
    }

    /// Those that no field holds.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'s Attribute<'a>> {
        self.all
            .iter()
            .enumerate()
            .filter_map(|(index, attribute)| {
                let word = self.held.get(index / 64).copied().unwrap_or(0);
                (word & (1 << (index % 64)) == 0).then_some(attribute)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(key: &'a str, text: &'a str) -> Attribute<'a> {
        Attribute {
            key,
            value: Value::Text(text),
        }
    }

    #[test]
    fn old_and_new_names_mean_the_same_and_the_first_counts() {
        for names in [
            ["http.method", "http.request.method"],
            ["http.request.method", "http.method"],
        ] {
            let all = [text(names[0], "GET"), text(names[1], "PUT")];
            let mut attributes = Attributes::of(&all);
            assert_eq!(attributes.take_text(Slot::HttpMethod), Some("GET"));
            let rest: Vec<_> = attributes.rest().map(|left| left.key).collect();
            assert_eq!(rest, [names[1]]);
        }
    }

    #[test]
    fn what_is_not_of_the_type_stays() {
        let all = [text("http.status_code", "200"), text("aws.region", "")];
        let mut attributes = Attributes::of(&all);
        assert_eq!(attributes.take_integer(Slot::HttpStatus), None);
        assert_eq!(attributes.take_text(Slot::Region), None);
        assert_eq!(attributes.rest().count(), 2);
    }

    #[test]
    fn any_number_of_attributes_is_kept() {
        let mut all = vec![text("x", "y"); 1_000];
        all.push(text("http.method", "GET"));
        let mut attributes = Attributes::of(&all);
        assert_eq!(attributes.take_text(Slot::HttpMethod), None);
        attributes.hold_at(999);
        assert_eq!(attributes.rest().count(), 1_001);
    }
}
