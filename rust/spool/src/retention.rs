//! Which file is removed, and by which rule. Pure: no clock, no disk.
//!
//! Files are considered from oldest to newest. Every rule removes from the old end only, so that a policy removes
//! a prefix of the files in that order; one predicate decides, [`Policy::rule`].

/// A limit with hysteresis: removal starts above `above` and ends at `down_to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Removal starts above this.
    pub above: u64,
    /// Removal ends at this.
    pub down_to: u64,
}

/// The rule that removes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The file is older than the maximum age.
    Age,
    /// All files together are too large.
    Bytes,
    /// There are too many files.
    Count,
}

impl Rule {
    /// All rules, in the order in which they apply.
    pub const ALL: [Self; 3] = [Self::Age, Self::Bytes, Self::Count];

    /// Its name in settings and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Bytes => "bytes",
            Self::Count => "count",
        }
    }
}

/// Retention of one directory. The default keeps everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Maximum age, in nanoseconds.
    pub age_ns: Option<i64>,
    /// Limit of the total size, in bytes.
    pub bytes: Option<Limit>,
    /// Limit of the number of files.
    pub count: Option<Limit>,
    /// Number of newest files that no rule removes.
    pub keep: u64,
    /// Minimum age for removal by size or number, in nanoseconds.
    pub spare_ns: i64,
}

/// A number of files and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Amount {
    /// Add one file.
    pub const fn add(&mut self, size: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
    }

    /// Remove one file.
    pub const fn subtract(&mut self, size: u64) {
        self.files = self.files.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }
}

impl Policy {
    /// Return the rule that removes the oldest of the remaining files; `None` when it stays, and with it all
    /// newer ones.
    ///
    /// `total` is what there was before any removal, `left` what remains, this file included. `age_ns` is
    /// negative for a file from the future, which no rule removes.
    #[must_use]
    pub fn rule(&self, total: Amount, left: Amount, age_ns: i64) -> Option<Rule> {
        if left.files <= self.keep {
            return None;
        }
        let takes = |rule: &Rule| match rule {
            Rule::Age => self.is_too_old(age_ns),
            Rule::Bytes => self.is_old_enough(age_ns) && over(self.bytes, total.bytes, left.bytes),
            Rule::Count => self.is_old_enough(age_ns) && over(self.count, total.files, left.files),
        };
        Rule::ALL.into_iter().find(takes)
    }

    /// Whether a rule could remove a file of this age; otherwise it need not be remembered.
    #[must_use]
    pub fn may_take(&self, age_ns: i64) -> bool {
        self.is_too_old(age_ns)
            || (self.is_old_enough(age_ns) && (self.bytes.is_some() || self.count.is_some()))
    }

    /// Whether the age alone removes a file.
    #[must_use]
    pub fn is_too_old(&self, age_ns: i64) -> bool {
        self.age_ns.is_some_and(|age| age_ns > age.max(0))
    }

    /// Whether size or number require a removal from what remains, if it is old enough.
    #[must_use]
    pub fn is_over(&self, total: Amount, left: Amount) -> bool {
        over(self.bytes, total.bytes, left.bytes) || over(self.count, total.files, left.files)
    }

    fn is_old_enough(&self, age_ns: i64) -> bool {
        age_ns >= self.spare_ns.max(0)
    }
}

fn over(limit: Option<Limit>, had: u64, has: u64) -> bool {
    limit.is_some_and(|limit| had > limit.above && has > limit.down_to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (size, age) from oldest to newest; returns the rule of each file that is removed.
    fn walk(policy: &Policy, files: &[(u64, i64)]) -> Vec<Rule> {
        let mut total = Amount::default();
        for (size, _) in files {
            total.add(*size);
        }
        let mut left = total;
        let mut taken = Vec::new();
        for (size, age) in files {
            let Some(rule) = policy.rule(total, left, *age) else {
                break;
            };
            taken.push(rule);
            left.subtract(*size);
        }
        taken
    }

    const A_LIMIT: Option<Limit> = Some(Limit {
        above: 3,
        down_to: 2,
    });

    #[test]
    fn each_rule_takes_from_the_old_end_down_to_its_target() {
        let files = [(1, 50), (1, 40), (1, 30), (1, 20), (1, 10)];
        let rows: [(Policy, &[Rule]); 8] = [
            (Policy::default(), &[]),
            (
                Policy {
                    age_ns: Some(25),
                    ..Policy::default()
                },
                &[Rule::Age; 3],
            ),
            (
                Policy {
                    count: A_LIMIT,
                    ..Policy::default()
                },
                &[Rule::Count; 3],
            ),
            (
                Policy {
                    bytes: A_LIMIT,
                    ..Policy::default()
                },
                &[Rule::Bytes; 3],
            ),
            (
                Policy {
                    age_ns: Some(45),
                    bytes: A_LIMIT,
                    count: A_LIMIT,
                    ..Policy::default()
                },
                &[Rule::Age, Rule::Bytes, Rule::Bytes],
            ),
            (
                Policy {
                    age_ns: Some(5),
                    keep: 2,
                    ..Policy::default()
                },
                &[Rule::Age; 3],
            ),
            (
                Policy {
                    count: A_LIMIT,
                    spare_ns: 35,
                    ..Policy::default()
                },
                &[Rule::Count; 2],
            ),
            (
                Policy {
                    count: Some(Limit {
                        above: 5,
                        down_to: 0,
                    }),
                    ..Policy::default()
                },
                &[],
            ),
        ];
        for (policy, expected) in rows {
            assert_eq!(walk(&policy, &files), expected, "{policy:?}");
        }
    }

    #[test]
    fn a_file_from_the_future_is_taken_by_no_rule() {
        let policy = Policy {
            age_ns: Some(0),
            bytes: Some(Limit {
                above: 0,
                down_to: 0,
            }),
            count: Some(Limit {
                above: 0,
                down_to: 0,
            }),
            ..Policy::default()
        };
        assert_eq!(walk(&policy, &[(9, -1), (9, i64::MIN)]), []);
    }

    fn limits() -> impl Strategy<Value = Option<Limit>> {
        proptest::option::of((0_u64..40, 0_u64..40).prop_map(|(one, other)| Limit {
            above: one.max(other),
            down_to: one.min(other),
        }))
    }

    proptest! {
        #[test]
        fn what_stays_satisfies_the_policy_and_what_goes_had_to(
            mut files in proptest::collection::vec((0_u64..5, -5_i64..60), 0..40),
            age_ns in proptest::option::of(0_i64..50),
            bytes in limits(),
            count in limits(),
            keep in 0_u64..10,
            spare_ns in 0_i64..50,
        ) {
            files.sort_unstable_by_key(|(_, age)| -age);
            let policy = Policy { age_ns, bytes, count, keep, spare_ns };
            let taken = walk(&policy, &files);
            let (gone, stays) = files.split_at(taken.len());
            let sum = |some: &[(u64, i64)]| some.iter().map(|(size, _)| size).sum::<u64>();
            // Some of the newest always stay.
            prop_assert!(gone.is_empty() || stays.len() as u64 >= keep);
            // A rule that takes has its reason in the files themselves.
            for (index, ((_, age), rule)) in gone.iter().zip(&taken).enumerate() {
                let left = &files[index..];
                let has_reason = match rule {
                    Rule::Age => age_ns.is_some_and(|limit| *age > limit),
                    Rule::Bytes => *age >= spare_ns
                        && bytes.is_some_and(|limit| sum(&files) > limit.above && sum(left) > limit.down_to),
                    Rule::Count => *age >= spare_ns && count.is_some_and(|limit|
                        files.len() as u64 > limit.above && left.len() as u64 > limit.down_to),
                };
                prop_assert!(has_reason);
                prop_assert!(policy.may_take(*age));
            }
            // What is left is too much for no rule, or is not to be touched.
            if let Some((_, oldest)) = stays.first().filter(|_| stays.len() as u64 > keep) {
                prop_assert!(age_ns.is_none_or(|limit| *oldest <= limit));
                if *oldest >= spare_ns {
                    prop_assert!(bytes.is_none_or(|limit| sum(&files) <= limit.above || sum(stays) <= limit.down_to));
                    prop_assert!(count.is_none_or(|limit|
                        files.len() as u64 <= limit.above || stays.len() as u64 <= limit.down_to));
                }
            }
        }
    }
}
