//! Dividing a reservoir among those who want of it.

/// Divides `size` among parties by max-min fairness, in whole units, all of it.
///
/// Nobody gets more than their demand while somebody else's is unmet; what all demands together leave over is spread
/// evenly, so that a quiet client keeps room for its next burst. The result is in the order of `demands`. Where units
/// do not divide evenly, the greater demand and then the later party gets the odd one.
pub(crate) fn max_min(size: u32, demands: &[u32]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|&party| demands[party]);
    let mut shares = vec![0; demands.len()];
    let mut left = size;
    for limit in [Limit::Demand, Limit::Nothing] {
        for (place, &party) in order.iter().enumerate() {
            let parties = u32::try_from(order.len() - place).unwrap_or(u32::MAX);
            let even = left / parties;
            let given = match limit {
                Limit::Demand => even.min(demands[party]),
                Limit::Nothing => even,
            };
            shares[party] += given;
            left -= given;
        }
    }
    shares
}

enum Limit {
    Demand,
    Nothing,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_demands_are_met_and_the_rest_is_shared() {
        assert_eq!(max_min(10, &[2, 20, 20]), [2, 4, 4]);
        assert_eq!(max_min(10, &[8]), [10]);
        assert_eq!(max_min(1, &[0]), [1]);
        assert_eq!(max_min(10, &[1, 1]), [5, 5]);
        assert_eq!(max_min(1, &[5, 5, 5]), [0, 0, 1]);
        assert_eq!(max_min(7, &[]), [0; 0]);
    }

    proptest! {
        #[test]
        fn all_is_given_and_nobody_is_ahead_of_an_unmet_demand(
            size in 0u32..1000, demands in prop::collection::vec(0u32..300, 1..20)
        ) {
            let shares = max_min(size, &demands);
            prop_assert_eq!(shares.iter().sum::<u32>(), size);
            for (share, demand) in shares.iter().zip(&demands) {
                if share < demand {
                    prop_assert!(shares.iter().all(|other| *other <= share + 1));
                }
            }
        }
    }
}
