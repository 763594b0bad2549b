use super::*;
use std::fs;

const LONG: Duration = Duration::from_secs(20);

/// A watch without pending notifications.
fn settled(path: &Path) -> Watch {
    let watch = Watch::new(path);
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
    watch
}

#[test]
fn a_first_wait_ends_at_once_so_that_the_caller_scans_after_the_watch_is_set_r4() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(
        Watch::new(home.path().join("new")).wait(LONG, || false),
        Woken::Changed
    );
}

#[test]
fn a_rename_into_the_directory_is_told() {
    let home = tempfile::tempdir().unwrap();
    let events = home.path().join("events");
    let watch = settled(&events);
    fs::write(home.path().join("a"), "{}").unwrap();
    fs::rename(home.path().join("a"), events.join("a.json")).unwrap();
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
}

#[test]
fn a_write_in_place_is_told_at_its_end_too() {
    use std::io::Write;
    let home = tempfile::tempdir().unwrap();
    let watch = settled(home.path());
    let mut file = fs::File::create(home.path().join("a.json")).unwrap();
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
    file.write_all(b"{}").unwrap();
    drop(file);
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
}

#[test]
fn reading_removing_and_temporary_files_are_not_told() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("a.json"), "{}").unwrap();
    let watch = settled(home.path());
    fs::read(home.path().join("a.json")).unwrap();
    fs::remove_file(home.path().join("a.json")).unwrap();
    fs::write(home.path().join("b.tmp"), "{}").unwrap();
    fs::write(home.path().join(".c.json"), "{}").unwrap();
    assert_eq!(
        watch.wait(Duration::from_millis(200), || false),
        Woken::Timeout
    );
}

#[test]
fn a_directory_removed_and_made_anew_is_watched_again() {
    let home = tempfile::tempdir().unwrap();
    let events = home.path().join("events");
    let watch = settled(&events);
    for makes_anew in [false, true] {
        fs::remove_dir(&events).unwrap();
        if makes_anew {
            fs::create_dir(&events).unwrap();
        }
        assert_eq!(watch.wait(LONG, || false), Woken::Changed);
        assert!(events.is_dir());
    }
    fs::write(events.join("a.json"), "{}").unwrap();
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
    assert_eq!(watch.trouble(), None);
}

#[test]
fn wake_and_close_end_a_wait_from_another_thread() {
    let home = tempfile::tempdir().unwrap();
    let watch = settled(home.path());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| watch.wait(LONG, || false));
        watch.wake();
        assert_eq!(waiting.join().unwrap(), Woken::Changed);
        let waiting = scope.spawn(|| watch.wait(LONG, || false));
        watch.close();
        assert_eq!(waiting.join().unwrap(), Woken::Closed);
    });
    assert_eq!(watch.wait(LONG, || false), Woken::Closed);
}

#[test]
fn the_callers_own_check_ends_a_wait() {
    let home = tempfile::tempdir().unwrap();
    let watch = settled(home.path());
    assert_eq!(watch.wait(LONG, || true), Woken::Interrupted);
}

#[test]
fn a_sleep_of_the_machine_is_told_once_r18() {
    let mut last = Duration::from_secs(100);
    let half = Duration::from_millis(500);
    for (now, expected) in [(100, false), (3700, true), (3700, false)] {
        assert_eq!(has_slept(&mut last, Duration::from_secs(now)), expected);
    }
    assert!(!has_slept(&mut last, Duration::from_secs(3700) + half));
    assert!(time_asleep() < Duration::from_secs(1 << 40));
}

#[test]
fn a_directory_that_cannot_be_watched_is_polled_and_that_is_said() {
    let home = tempfile::tempdir().unwrap();
    let taken = home.path().join("file");
    fs::write(&taken, "").unwrap();
    let watch = Watch::new(taken.join("events"));
    assert!(watch.trouble().is_some());
    assert_eq!(watch.patience(), POLL_INTERVAL);
}

/// Linux only: elsewhere the length of the queue is unknown.
#[cfg(target_os = "linux")]
#[test]
fn an_overflowing_queue_is_reported_r15() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    let home = tempfile::tempdir().unwrap();
    let watch = settled(home.path());
    // Hold the lock that the notification thread needs, so that the queue of the kernel fills. Two changes per
    // file.
    let stalled = watch.signal.flags();
    for index in 0..limit {
        fs::write(home.path().join(format!("{index}.json")), "{}").unwrap();
    }
    drop(stalled);
    let mut woken = watch.wait(LONG, || false);
    if woken == Woken::Changed {
        woken = watch.wait(LONG, || false); // what had come before the overflow
    }
    while woken == Woken::Changed {
        woken = watch.wait(LONG, || false);
    }
    assert_eq!(woken, Woken::Overflow);
}

#[test]
fn a_suspended_watch_reports_a_change_at_the_next_wait_and_watches_again() {
    let home = tempfile::tempdir().unwrap();
    let watch = settled(home.path());
    watch.suspend();
    assert!(watch.state().watcher.is_none());
    assert!(watch.trouble().is_none());
    fs::write(home.path().join("a.json"), "{}").unwrap();
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
    while watch.wait(Duration::ZERO, || false) == Woken::Changed {}
    fs::write(home.path().join("b.json"), "{}").unwrap();
    assert_eq!(watch.wait(LONG, || false), Woken::Changed);
}
