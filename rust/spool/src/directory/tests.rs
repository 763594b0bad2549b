use super::*;

fn read(directory: &Directory, name: &[u8]) -> (Contents, Vec<u8>) {
    let mut buffer = Vec::new();
    let contents = directory.read(name, 1 << 20, &mut buffer, 0).unwrap();
    (contents, buffer)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn reading_a_file_writes_nothing() {
    use std::fs::{File, FileTimes};
    use std::time::{Duration, UNIX_EPOCH};
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.json");
    std::fs::write(&path, "{}").unwrap();
    // Last read before it was written: a read that is noted would be noted on nearly every file system.
    let read_at = UNIX_EPOCH + Duration::from_secs(1);
    let times = FileTimes::new()
        .set_accessed(read_at)
        .set_modified(read_at + Duration::from_secs(1));
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_times(times)
        .unwrap();
    let directory = Directory::open(home.path()).unwrap();
    assert!(matches!(read(&directory, b"a.json").0, Contents::Whole(_)));
    assert_eq!(directory.read_prefix(b"a.json", &mut [0; 2]), 2);
    assert_eq!(path.metadata().unwrap().accessed().unwrap(), read_at);
}

#[test]
fn a_file_of_another_user_is_read() {
    // It belongs to root: to another user unless root runs the tests.
    let directory = Directory::open(Path::new("/etc")).unwrap();
    let (contents, bytes) = read(&directory, b"passwd");
    assert!(matches!(contents, Contents::Whole(_)));
    assert!(bytes.starts_with(&std::fs::read("/etc/passwd").unwrap()));
    assert_eq!(directory.read_prefix(b"passwd", &mut [0; 4]), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_thread_with_a_table_of_its_own_opens_is_not_in_the_others() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.json");
    std::fs::write(&path, "{}").unwrap();
    let path = path.canonicalize().unwrap();
    let is_open = |table: &str| {
        let links = std::fs::read_dir(table).unwrap().flatten();
        let mut links = links.flat_map(|link| std::fs::read_link(link.path()));
        links.any(|open| open == path)
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            unshare_file_table();
            let directory = Directory::open(home.path()).unwrap();
            let _open = directory.open_file(b"a.json").unwrap().unwrap();
            assert!(is_open("/proc/thread-self/fd"));
            assert!(!is_open("/proc/self/fd"));
        });
    });
}
