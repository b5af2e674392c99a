//! Header names of answers as AWS spells them.
//!
//! HTTP says that case means nothing, and hyper writes every name in lower case; people who read answers, and
//! programs that compare names as they stand, see `Content-Type` and `x-amzn-RequestId` from AWS. Names that a function
//! or an API's owner chose keep their spelling. Source: recorded answers.

/// Names that do not begin every word with a capital.
const OWN_WAY: [&str; 5] = [
    "x-amzn-RequestId",
    "x-amzn-ErrorType",
    "x-amz-apigw-id",
    "x-amz-request-id",
    "x-amz-id-2",
];

/// Beginnings that stay as they are, with how much of the name does.
const OWN_BEGINNING: [(&str, usize); 2] = [
    ("x-fluoro-", usize::MAX),
    ("x-amzn-remapped-", "x-amzn-".len()),
];

/// Spells the names in a head anew, in place: status line, headers, empty line. Its length does not change.
pub(crate) fn respell(head: &mut [u8], given: &[Box<str>]) {
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = &mut line[..colon];
        let same = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
        let chosen = given.iter().map(|name| &**name).find(same);
        match chosen.or_else(|| OWN_WAY.into_iter().find(|known| same(known))) {
            Some(known) => name.copy_from_slice(known.as_bytes()),
            None => capitalise(name),
        }
    }
}

/// Every word begins with a capital, after what stays as it is.
fn capitalise(name: &mut [u8]) {
    let own = OWN_BEGINNING
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning.as_bytes()));
    let kept = own.map_or(0, |(_, kept)| *kept);
    let mut begins = true;
    for byte in name.iter_mut().skip(kept) {
        if begins {
            byte.make_ascii_uppercase();
        }
        begins = *byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_aws_or_their_owner_does_and_values_stay() {
        let sent = "HTTP/1.1 200 OK\r\ncontent-type: a/b: c\r\nx-amzn-requestid: r\r\nx-amzn-trace-id: Root=1\r\n\
                    x-my-own: v\r\nx-fluoro-sampling: s\r\nx-amzn-remapped-date: d\r\netag: e\r\n\r\n";
        let mut head = sent.as_bytes().to_vec();
        respell(&mut head, &["X-mY-Own".into(), "not-there".into()]);
        let expected = "HTTP/1.1 200 OK\r\nContent-Type: a/b: c\r\nx-amzn-RequestId: r\r\nX-Amzn-Trace-Id: Root=1\r\n\
                        X-mY-Own: v\r\nx-fluoro-sampling: s\r\nx-amzn-Remapped-Date: d\r\nEtag: e\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }
}
