//! Bounds that change while the inbox works.

use super::*;

const BOUNDS: Bounds = Bounds {
    max_event_bytes: 4096,
    batch_events: 2,
    batch_bytes: 1 << 20,
    quiet_seconds: 2.0,
    unfinished_seconds: 30.0,
};

#[test]
fn other_bounds_hold_from_the_next_take_on() {
    let home = Home::new();
    home.inbox.set_bounds(BOUNDS);
    for name in ["a", "b", "c"] {
        home.write(&format!("{name}.json"), event(name));
    }
    let batch = home.take(0.0);
    assert_eq!(titles(&batch), ["a", "b"]);
    home.inbox.set_bounds(Bounds {
        batch_events: 100,
        ..BOUNDS
    });
    for name in ["d", "e", "f"] {
        home.write(&format!("{name}.json"), event(name));
    }
    // In flight while the bounds changed: settled as it was taken, and not taken again.
    home.inbox.settle(&batch, 0.0).unwrap();
    assert_eq!(titles(&home.take(0.1)), ["c"]);
    assert_eq!(titles(&home.take(0.2)), ["d", "e", "f"]);
}

#[test]
fn the_largest_event_grows_and_shrinks() {
    let home = Home::new();
    home.inbox.set_bounds(BOUNDS);
    let large = event(&"x".repeat(150))
        .replace('}', &format!(r#","description":"{}"}}"#, "y".repeat(8192)));
    home.write("a.json", &large);
    assert!(home.take(0.0).is_empty());
    home.inbox.set_bounds(Bounds {
        max_event_bytes: 16 << 10,
        ..BOUNDS
    });
    assert_eq!(home.take(1.0).events.len(), 1);
    home.inbox.set_bounds(BOUNDS);
    home.write("b.json", &large);
    home.take(2.0);
    assert_eq!(home.take(10.0).rejected.len(), 1);
    assert_eq!(home.rejected(), ["b.json", "b.json.reason.json"]);
}

#[test]
fn nobody_is_woken_while_a_backlog_is_taken_and_what_came_meanwhile_is_found_after_it() {
    let home = Home::new();
    for number in 0..3_000 {
        home.write(&format!("{number:04}.json"), event("a"));
    }
    while home.inbox.wait(Duration::ZERO, || false) == Woken::Changed {}
    let mut taken = 0;
    loop {
        let batch = home.take(0.0);
        taken += batch.events.len();
        home.inbox.settle(&batch, 0.0).unwrap();
        if !batch.more {
            break;
        }
        home.write(&format!("9{taken}.json"), event("b"));
    }
    assert_eq!(taken, 3_000);
    let later = home.left().len();
    assert!(later >= 4);
    assert_eq!(home.inbox.wait(Duration::ZERO, || false), Woken::Changed);
    assert_eq!(home.titles(0.0).len(), later);
    while home.inbox.wait(Duration::ZERO, || false) == Woken::Changed {}
    home.write("last.json", event("c"));
    let woken = home.inbox.wait(Duration::from_secs(20), || false);
    assert_eq!(
        (woken, home.titles(0.0)),
        (Woken::Changed, vec!["c".to_owned()])
    );
}
