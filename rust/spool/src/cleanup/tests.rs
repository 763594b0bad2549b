use super::*;
use crate::retention::Limit;
use crate::timestamp::now_us;
use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

const SECOND: i64 = 1_000_000_000;
const ALL: usize = usize::MAX;

/// A directory of files `0`, `1`, ... of so many bytes, each a second younger than the one before.
fn directory(sizes: &[usize]) -> (TempDir, i64) {
    let home = tempfile::tempdir().unwrap();
    for (index, size) in sizes.iter().enumerate() {
        write(&home, &index.to_string(), *size, index as u64);
    }
    (home, i64::try_from(sizes.len()).unwrap() * SECOND)
}

fn write(home: &TempDir, name: &str, size: usize, second: u64) {
    let path = home.path().join(name);
    fs::write(&path, vec![b'x'; size]).unwrap();
    let when = UNIX_EPOCH + Duration::from_secs(second);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(when)
        .unwrap();
}

fn any() -> Scope {
    Scope::new(&[], &[], true, Names::Any).unwrap()
}

fn names(home: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn older_than(seconds: i64) -> Policy {
    Policy {
        age_ns: Some(seconds * SECOND),
        ..Policy::default()
    }
}

fn everything() -> Policy {
    older_than(0)
}

#[test]
fn a_plan_changes_nothing_and_its_removal_takes_exactly_what_it_says() {
    let (home, now) = directory(&[1, 2, 3, 4, 5]);
    let mut plan = plan(home.path(), &any(), &older_than(3), now, ALL).unwrap();
    assert_eq!(names(&home).len(), 5);
    assert_eq!(plan.left(), 2);
    assert_eq!(plan.by_rule[0], Amount { files: 2, bytes: 3 });
    assert_eq!(
        plan.named,
        [("0".to_owned(), Rule::Age), ("1".to_owned(), Rule::Age)]
    );
    assert_eq!(
        plan.statistics.amount,
        Amount {
            files: 5,
            bytes: 15
        }
    );
    assert_eq!(plan.statistics.span, Some((0, 4 * SECOND)));
    assert_eq!(plan.statistics.largest, Some((5, "4".to_owned())));
    let removed = plan.remove(ALL);
    assert_eq!(removed.by_rule, plan.by_rule);
    assert_eq!(names(&home), ["2", "3", "4"]);
    assert_eq!(plan.remove(ALL), Removed::default());
}

#[test]
fn a_removal_goes_on_where_it_stopped_as_a_run_that_is_killed_in_the_middle_would_not() {
    let (home, now) = directory(&[1; 10]);
    let mut plan = plan(home.path(), &any(), &everything(), now, ALL).unwrap();
    assert_eq!(plan.remove(4).by_rule[0].files, 4);
    assert_eq!((plan.left(), names(&home).len()), (6, 6));
    drop(plan);
    let mut again = super::plan(home.path(), &any(), &everything(), now, ALL).unwrap();
    assert_eq!(again.remove(ALL).by_rule[0].files, 6);
    assert_eq!(names(&home), [""; 0]);
}

#[test]
fn the_newest_stay_and_limits_go_down_to_their_targets() {
    let (home, now) = directory(&[10; 10]);
    let policy = Policy {
        age_ns: Some(0),
        keep: 3,
        ..Policy::default()
    };
    assert_eq!(
        plan(home.path(), &any(), &policy, now, ALL).unwrap().left(),
        7
    );
    let policy = Policy {
        age_ns: Some(8 * SECOND),
        bytes: Some(Limit {
            above: 50,
            down_to: 40,
        }),
        count: Some(Limit {
            above: 5,
            down_to: 2,
        }),
        ..Policy::default()
    };
    let mut plan = plan(home.path(), &any(), &policy, now, ALL).unwrap();
    let files = |amounts: [Amount; 3]| amounts.map(|amount| amount.files);
    assert_eq!(files(plan.by_rule), [2, 4, 2]);
    assert_eq!(files(plan.remove(ALL).by_rule), [2, 4, 2]);
    assert_eq!(names(&home), ["8", "9"]);
}

#[test]
fn a_plan_with_a_bound_takes_the_oldest_and_says_that_there_are_more() {
    let home = tempfile::tempdir().unwrap();
    for index in 0..1_000_u64 {
        // Not in the order of their age.
        write(
            &home,
            &format!("{:03}", index * 617 % 1_000),
            1,
            index * 617 % 1_000,
        );
    }
    let mut plan = plan(home.path(), &any(), &everything(), 2_000 * SECOND, 64).unwrap();
    assert!(plan.has_more);
    assert_eq!((plan.left(), plan.statistics.amount.files), (64, 1_000));
    plan.remove(ALL);
    let stays: Vec<String> = (64..1_000).map(|index| format!("{index:03}")).collect();
    assert_eq!(names(&home), stays);
    let bounded = super::plan(home.path(), &any(), &older_than(1_930), 2_000 * SECOND, 64);
    assert!(!bounded.unwrap().has_more);
}

#[test]
fn r45_globs_are_globs_and_not_suffixes() {
    let rows: [(&[&str], &[&str], &str, bool); 13] = [
        (&[], &[], "anything", true),
        (&["*.json"], &[], "a.json", true),
        (&["*.json"], &[], "a.jsonl", false),
        (&["*.json"], &[], "json", false),
        (&["build-[0-9]?.*"], &[], "build-42.json", true),
        (&["build-[0-9]?.*"], &[], "build-x2.json", false),
        (&["build-[0-9]?.*"], &[], "rebuild-42.json", false),
        (&["{a,b}.log"], &[], "b.log", true),
        (&["{a,b}.log"], &[], "c.log", false),
        (&["*"], &["keep-*"], "keep-me", false),
        (&["*"], &["keep-*"], "do-keep-me", true),
        (&["*.log"], &["*.log"], "a.log", false),
        (&["A.json"], &[], "a.json", false),
    ];
    for (include, exclude, name, expected) in rows {
        let owned = |globs: &[&str]| {
            globs
                .iter()
                .map(|glob| (*glob).to_owned())
                .collect::<Vec<_>>()
        };
        let scope = Scope::new(&owned(include), &owned(exclude), false, Names::Any).unwrap();
        assert_eq!(
            scope.has(name.as_bytes()),
            expected,
            "{include:?} {exclude:?} {name}"
        );
    }
    assert!(Scope::new(&["[a".to_owned()], &[], false, Names::Any).is_err());
}

#[test]
fn r45_what_may_be_an_event_is_never_cleaned_of_the_spool() {
    let home = tempfile::tempdir().unwrap();
    for name in [
        "a.json",
        "B.JSON",
        "c.jsonl",
        ".d.tmp",
        "e.json.tmp",
        ".f.json",
    ] {
        write(&home, name, 1, 0);
    }
    let scope = Scope::new(&[], &[], true, Names::Temporary).unwrap();
    let mut plan = plan(home.path(), &scope, &everything(), SECOND, ALL).unwrap();
    plan.remove(ALL);
    assert_eq!(names(&home), [".f.json", "B.JSON", "a.json", "c.jsonl"]);
}

#[test]
fn r25_what_lies_among_the_answers_and_is_none_is_never_cleaned() {
    let home = tempfile::tempdir().unwrap();
    let answer = "20261123T174112.123456Z-deploy-0123abcd.json";
    for name in ["mode.json", "state.json", "bridge.lock", "store.db", answer] {
        write(&home, name, 1, 0);
    }
    let scope = Scope::new(&["*".to_owned()], &[], true, Names::Answers).unwrap();
    let mut plan = plan(home.path(), &scope, &everything(), SECOND, ALL).unwrap();
    plan.remove(ALL);
    assert_eq!(
        names(&home),
        ["bridge.lock", "mode.json", "state.json", "store.db"]
    );
}

#[test]
fn a_file_is_as_old_as_its_last_change_unless_only_its_content_counts() {
    let (home, _) = directory(&[1]);
    let now = now_us() * 1_000;
    let any_change = Scope::new(&[], &[], false, Names::Any).unwrap();
    let hour = older_than(3_600);
    assert_eq!(
        plan(home.path(), &any(), &hour, now, ALL).unwrap().left(),
        1
    );
    // Its content is of 1970, its last change of just now. Elsewhere than on Unix they are one.
    let expected = usize::from(!cfg!(unix));
    assert_eq!(
        plan(home.path(), &any_change, &hour, now, ALL)
            .unwrap()
            .left(),
        expected
    );
}

#[test]
fn what_changed_since_the_plan_stays() {
    let (home, now) = directory(&[1; 5]);
    let mut plan = plan(home.path(), &any(), &everything(), now, ALL).unwrap();
    write(&home, "0", 1, 0); // written again with the same size and time
    write(&home, "1", 2, 1); // another size
    write(&home, "2", 1, 99); // another time
    fs::remove_file(home.path().join("3")).unwrap();
    let removed = plan.remove(ALL);
    // On other systems than Unix a file of the same size and time cannot be told from itself.
    let expected = if cfg!(unix) { 1 } else { 2 };
    assert_eq!((removed.gone, removed.by_rule[0].files), (1, expected));
    #[cfg(unix)]
    {
        assert_eq!(removed.changed, 3);
        assert_eq!(names(&home), ["0", "1", "2"]);
    }
}

proptest::proptest! {
    #[test]
    fn what_is_taken_by_age_alone_is_what_the_rules_take_in_order(
        ages in proptest::collection::vec((0_i64..20, 0_u64..5), 0..40),
        age in 0_i64..20,
        keep in 0_u64..20,
        above in 0_u64..60,
    ) {
        let policy = Policy {
            age_ns: Some(age),
            keep,
            bytes: Some(Limit { above, down_to: above / 2 }),
            ..Policy::default()
        };
        let sightings = || {
            let mut files = Candidates::new(ALL);
            for (index, (age, size)) in ages.iter().enumerate() {
                files.add(index.to_string().as_bytes(), -age, index as u64, *size);
            }
            files.limit();
            files
        };
        let mut statistics = Statistics::default();
        for (_, size) in &ages {
            statistics.amount.add(*size);
        }
        let names = |files: &Candidates| {
            (0..files.len()).map(|index| files.name(index).to_vec()).collect::<Vec<_>>()
        };
        let mut ordered = sightings();
        let by_rule = plan_in_order(&mut ordered, statistics.amount, &policy, 0);
        let plan = decide(None, sightings(), statistics, &policy, 0);
        proptest::prop_assert_eq!(plan.by_rule, by_rule);
        proptest::prop_assert_eq!(names(&plan.files), names(&ordered));
    }
}

#[test]
fn a_directory_that_is_not_there_is_empty_and_is_not_made() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("missing");
    let mut plan = plan(&path, &any(), &everything(), 0, ALL).unwrap();
    assert_eq!(plan.statistics, Statistics::default());
    assert_eq!(plan.remove(ALL), Removed::default());
    assert!(!path.exists());
}

#[test]
fn a_directory_that_is_written_while_it_is_cleaned_loses_nothing_new() {
    let (home, now) = directory(&[1; 500]);
    let path = home.path().to_owned();
    let writer = std::thread::spawn(move || {
        for index in 0..500 {
            fs::write(path.join(format!("new-{index}")), "x").unwrap();
        }
    });
    let mut gone = 0;
    while gone < 500 {
        let mut plan = plan(home.path(), &any(), &everything(), now, 50).unwrap();
        gone += plan.remove(ALL).by_rule[0].files;
    }
    writer.join().unwrap();
    assert_eq!((gone, names(&home).len()), (500, 500));
    assert!(names(&home).iter().all(|name| name.starts_with("new-")));
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn r45_links_and_directories_are_neither_followed_nor_removed() {
        let (outside, now) = directory(&[1, 1]);
        let home = tempfile::tempdir().unwrap();
        symlink(outside.path().join("0"), home.path().join("link")).unwrap();
        symlink(outside.path(), home.path().join("linked")).unwrap();
        fs::create_dir(home.path().join("below")).unwrap();
        write(&home, "below/0", 1, 0);
        write(&home, "mine", 1, 0);
        let mut plan = plan(home.path(), &any(), &everything(), now, ALL).unwrap();
        assert_eq!(plan.statistics.passed_over, 3);
        plan.remove(ALL);
        assert_eq!(names(&home), ["below", "link", "linked"]);
        assert_eq!(names(&outside), ["0", "1"]);
        assert!(home.path().join("below/0").exists());
    }

    #[test]
    fn r45_a_link_in_the_place_of_a_planned_file_stays_and_so_does_its_goal() {
        let (outside, _) = directory(&[1]);
        let (home, now) = directory(&[1, 1]);
        let mut plan = plan(home.path(), &any(), &everything(), now, ALL).unwrap();
        fs::remove_file(home.path().join("0")).unwrap();
        symlink(outside.path().join("0"), home.path().join("0")).unwrap();
        let removed = plan.remove(ALL);
        assert_eq!((removed.changed, removed.by_rule[0].files), (1, 1));
        assert_eq!(
            (names(&home), names(&outside)),
            (vec!["0".to_owned()], vec!["0".to_owned()])
        );
    }

    #[test]
    fn r45_a_link_in_the_place_of_the_directory_leads_nowhere() {
        let (outside, now) = directory(&[1, 1, 1]);
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rejected");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("0"), "x").unwrap();
        File::options()
            .write(true)
            .open(path.join("0"))
            .unwrap()
            .set_modified(UNIX_EPOCH)
            .unwrap();
        let mut before = plan(&path, &any(), &everything(), now, ALL).unwrap();
        fs::rename(&path, home.path().join("moved")).unwrap();
        symlink(outside.path(), &path).unwrap();
        // The plan of before has its own directory; a plan of now is refused.
        assert_eq!(before.remove(ALL).by_rule[0].files, 1);
        assert!(plan(&path, &any(), &everything(), now, ALL).is_err());
        assert_eq!(names(&outside).len(), 3);
    }

    #[test]
    fn what_cannot_be_removed_is_told_and_does_not_hold_up_the_rest() {
        use std::os::unix::fs::PermissionsExt;
        let (home, now) = directory(&[1; 8]);
        let mut plan = plan(home.path(), &any(), &everything(), now, ALL).unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let removed = plan.remove(ALL);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let as_root = rustix_is_root();
        assert_eq!(removed.failed, if as_root { 0 } else { 8 });
        assert_eq!(removed.faults.len(), if as_root { 0 } else { MAX_FAULTS });
    }

    /// Root removes where the modes forbid it.
    fn rustix_is_root() -> bool {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
    }
}
