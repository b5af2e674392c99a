use proptest::prelude::*;

use super::*;

fn rollups() -> impl Strategy<Value = Rollups> {
    let bytes = prop_oneof![
        9 => prop::collection::vec(any::<u8>(), 0..50),
        1 => prop::collection::vec(any::<u8>(), 200_000..300_000),
    ];
    let minutes = prop::collection::btree_map(-20i64..500, bytes.prop_map(Bytes::from), 1..8);
    let parts = prop::collection::btree_map("[a-c]?".prop_map(Box::from), minutes, 0..4);
    let uncounted = prop::collection::vec(any::<(u128, i64, i64)>(), 0..9);
    let uncounted = uncounted.prop_map(|all| {
        let all = all.into_iter();
        let all = all.map(|(trace, first, last)| Uncounted {
            trace: TraceId::from_bits(trace),
            first_received: TimestampMicros(first),
            last_received: TimestampMicros(last),
        });
        all.collect()
    });
    let void = prop::collection::vec((500i64..600, 0i64..9), 0..4);
    let void = void.prop_map(|all| all.into_iter().map(|(first, more)| (first, first + more)));
    let older = prop::collection::vec(any::<(i64, i64, i64)>(), 0..4);
    let older = older.prop_map(|all| {
        let all = all.into_iter();
        let all = all.map(|(since, first, last)| Older { since, first, last });
        all.collect()
    });
    (parts, uncounted, void, older).prop_map(|(parts, uncounted, void, older)| {
        let mut rollups = Rollups {
            form: 7,
            parts,
            uncounted,
            void: void.collect(),
            older,
        };
        rollups.settle();
        rollups
    })
}

#[test]
fn stretches_are_joined_and_their_parts_go() {
    let mut rollups = Rollups::default();
    let part = Bytes::from_static(b"part");
    let minutes = (0..20).map(|minute| (minute, part.clone()));
    rollups.parts.insert("".into(), minutes.collect());
    for (first, last) in [(11, 12), (2, 3), (4, 5), (3, 3), (12, 14)] {
        rollups.add_void(first, last);
    }
    rollups.settle();
    assert_eq!(rollups.void, [(2, 5), (11, 14)]);
    let left: Vec<i64> = rollups.parts[""].keys().copied().collect();
    assert_eq!(left, [0, 1, 6, 7, 8, 9, 10, 15, 16, 17, 18, 19]);
}

#[test]
fn what_is_no_such_file_is_told() {
    for other in [b"".as_slice(), b"PAR1", &[0; 100], &[0xff; 100]] {
        let opened = RollupsFile::open(Bytes::copy_from_slice(other));
        assert!(matches!(opened, Err(BlockError::DamagedFile)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_comes_back(rollups in rollups(), minutes in (-30i64..500, 0i64..500)) {
        let file = RollupsFile::open(Bytes::from(rollups.encode())).unwrap();
        prop_assert_eq!(&file.all().unwrap(), &rollups);
        prop_assert_eq!(file.form(), 7);
        for one in &rollups.uncounted {
            prop_assert!(file.is_uncounted(one.trace));
        }
        prop_assert!(!file.is_uncounted(TraceId::from_bits(3)));
        let minutes = minutes.0..minutes.0 + minutes.1;
        for of in ["", "a", "b", "z"] {
            let expected = rollups.parts.get(of).into_iter().flatten();
            let expected = expected.filter(|(minute, _)| minutes.contains(minute));
            let expected: Vec<_> = expected.map(|(minute, part)| (*minute, part.clone())).collect();
            prop_assert_eq!(file.parts(of, &minutes).unwrap(), expected);
        }
    }

    #[test]
    fn damage_anywhere_is_found(rollups in rollups(), at in any::<prop::sample::Index>(), by in 1..=u8::MAX) {
        let mut bytes = rollups.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        let is_in_magic = at < MAGIC.len();
        let read = RollupsFile::open(Bytes::from(bytes)).and_then(|file| file.all());
        match read {
            Ok(read) => prop_assert!(is_in_magic && read == rollups),
            Err(error) => prop_assert!(error.is_damage()),
        }
    }
}
