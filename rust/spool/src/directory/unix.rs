//! Directory calls on Unix.

use super::{Kind, Stamp, Stat};
use crate::error::{Error, PathContext, Result};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

mod cleanup;

/// Links are not followed; a pipe in place of the file does not block.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The same without updating the access time, which would cost a write for each file.
#[cfg(any(target_os = "linux", target_os = "android"))]
const READ_NOATIME: OFlags = READ.union(OFlags::NOATIME);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const READ_NOATIME: OFlags = READ;

/// An open directory.
pub struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// Open a directory; it is created when missing.
    ///
    /// # Errors
    ///
    /// It can be neither opened nor created.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || rustix::fs::open(path, flags, Mode::empty());
        let fd = match open() {
            Err(Errno::NOENT) => {
                super::create_private_dir(path)?;
                open()
            }
            opened => opened,
        };
        Ok(Self {
            fd: fd.with_path(path)?,
            path: path.to_owned(),
        })
    }

    /// Open the directory again, for another thread: threads that share a descriptor contend for its reference
    /// count at each open.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn reopen(&self) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::empty()).with_path(&self.path)?;
        Ok(Self {
            fd,
            path: self.path.clone(),
        })
    }

    /// Device and inode of the directory.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn identity(&self) -> Result<(u64, u64)> {
        let stamp = self.stamp()?;
        Ok((stamp.device, stamp.inode))
    }

    /// Return the identity of the directory and the time of its last change.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stamp(&self) -> Result<Stamp> {
        let found = rustix::fs::fstat(&self.fd).with_path(&self.path)?;
        let stat = stat_of(&found);
        #[allow(
            clippy::cast_possible_wrap,
            clippy::unnecessary_cast,
            clippy::useless_conversion
        )] // the fields' types differ between systems
        let ctime_ns = i64::from(found.st_ctime)
            .saturating_mul(1_000_000_000)
            .saturating_add(found.st_ctime_nsec as i64);
        Ok(Stamp {
            device: stat.device,
            inode: stat.inode,
            changed_ns: stat.mtime_ns.max(ctime_ns),
        })
    }

    /// Device and inode of what the path names now; `None` when it names nothing.
    #[must_use]
    pub fn identity_at(path: &Path) -> Option<(u64, u64)> {
        let stat = stat_of(&rustix::fs::stat(path).ok()?);
        Some((stat.device, stat.inode))
    }

    /// Call `each` for every entry, in directory order, until it returns false.
    ///
    /// # Errors
    ///
    /// The listing fails midway; names passed before are valid.
    pub fn for_each_entry(&self, mut each: impl FnMut(&[u8], Kind) -> bool) -> Result<()> {
        let mut goes_on = true;
        let mut names = self.listing()?;
        while goes_on && names.next_chunk(|name, kind| goes_on = goes_on && each(name, kind))? {}
        Ok(())
    }

    /// Start a listing that is read in chunks; changes to the directory meanwhile do not end it.
    ///
    /// # Errors
    ///
    /// The directory no longer exists, or the file system refuses.
    pub fn listing(&self) -> Result<Names> {
        // A separate descriptor, so that two listings do not share a position.
        let own = self.reopen()?;
        Names::new(own.fd, own.path)
    }

    /// Return the metadata of an entry without following links; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn stat(&self, name: &[u8]) -> Result<Option<Stat>> {
        match rustix::fs::statat(&self.fd, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat_of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.fault(name, error)),
        }
    }

    fn open_at(&self, name: &[u8]) -> rustix::io::Result<OwnedFd> {
        let open =
            |flags| rustix::fs::openat(&self.fd, OsStr::from_bytes(name), flags, Mode::empty());
        match open(READ_NOATIME) {
            Err(Errno::PERM) => open(READ), // O_NOATIME needs the owner of the file
            opened => opened,
        }
    }

    /// Open a regular file for reading; `None` when it does not exist or is not a regular file.
    ///
    /// # Errors
    ///
    /// The file system refuses, for example for lack of permission.
    pub fn open_file(&self, name: &[u8]) -> Result<Option<(File, Stat)>> {
        let fd = match self.open_at(name) {
            Ok(fd) => fd,
            // Missing, a link (LOOP, or MLINK on some systems), a socket, or a device without a driver.
            Err(Errno::NOENT | Errno::LOOP | Errno::MLINK | Errno::NXIO | Errno::NODEV) => {
                return Ok(None);
            }
            Err(error) => return Err(self.fault(name, error)),
        };
        // The path is built for errors only: this runs once per file.
        let stat = stat_of(&rustix::fs::fstat(&fd).map_err(|error| self.fault(name, error))?);
        Ok(stat.is_file.then(|| (File::from(fd), stat)))
    }

    /// Read the first bytes of what the listing reports as a regular file; returns how much of the buffer is
    /// filled, 0 if the file cannot be read.
    #[must_use]
    pub fn read_prefix(&self, name: &[u8], buffer: &mut [u8]) -> usize {
        self.open_at(name)
            .and_then(|file| rustix::io::read(&file, buffer))
            .unwrap_or(0)
    }

    /// Remove a file; false when it did not exist.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn remove(&self, name: &[u8]) -> Result<bool> {
        match rustix::fs::unlinkat(&self.fd, OsStr::from_bytes(name), AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.fault(name, error)),
        }
    }

    fn fault(&self, name: &[u8], error: Errno) -> Error {
        Error::File {
            path: self.path_of(name),
            source: error.into(),
        }
    }

    /// The path of an entry.
    #[must_use]
    pub fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// Make the names in it durable.
    ///
    /// # Errors
    ///
    /// The disk failed. File systems that cannot sync a directory are taken to have done it.
    pub fn sync(&self) -> Result<()> {
        match rustix::fs::fsync(&self.fd) {
            Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            synced => synced.with_path(&self.path),
        }
    }
}

/// Read once, by the system call itself: that of the C library also checks for cancellation of the thread.
pub(super) fn read_some(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(file, buffer)?)
}

/// A listing under way: it goes on where it stopped.
pub struct Names {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fd: OwnedFd,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    listing: rustix::fs::Dir,
    path: PathBuf,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Names {
    #[allow(clippy::unnecessary_wraps)] // the other systems' one can fail
    fn new(fd: OwnedFd, path: PathBuf) -> Result<Self> {
        Ok(Self { fd, path })
    }

    /// Pass the next few hundred names to `each`; false at the end.
    ///
    /// # Errors
    ///
    /// The listing fails; names passed before are valid.
    pub fn next_chunk(&mut self, mut each: impl FnMut(&[u8], Kind)) -> Result<bool> {
        #[allow(clippy::large_stack_arrays)] // what the C library takes too, and no allocation
        let mut buffer = [MaybeUninit::<u8>::uninit(); 32 * 1024];
        let mut listing = rustix::fs::RawDir::new(&self.fd, &mut buffer);
        while let Some(found) = listing.next() {
            let found = found.with_path(&self.path)?;
            entry(found.file_name().to_bytes(), found.file_type(), &mut each);
            if listing.is_buffer_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Names {
    fn new(fd: OwnedFd, path: PathBuf) -> Result<Self> {
        let listing = rustix::fs::Dir::new(fd).with_path(&path)?;
        Ok(Self { listing, path })
    }

    /// Pass the next few hundred names to `each`; false at the end.
    ///
    /// # Errors
    ///
    /// The listing fails; names passed before are valid.
    pub fn next_chunk(&mut self, mut each: impl FnMut(&[u8], Kind)) -> Result<bool> {
        for _ in 0..512 {
            let Some(found) = self.listing.next() else {
                return Ok(false);
            };
            let found = found.with_path(&self.path)?;
            entry(found.file_name().to_bytes(), found.file_type(), &mut each);
        }
        Ok(true)
    }
}

/// Give this thread its own table of open files where the system allows it: threads that open and close files
/// through one table contend for its lock. Descriptors opened in the thread must not leave it; descriptors that
/// are open now stay open here until the thread ends.
pub fn unshare_file_table() {
    // Some containers forbid it; that costs speed only.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[allow(deprecated)] // the doc comment passes the warning of the library on to the caller
    let _ = rustix::thread::unshare(rustix::thread::UnshareFlags::FILES);
}

fn entry(name: &[u8], kind: FileType, each: &mut impl FnMut(&[u8], Kind)) {
    let kind = match kind {
        FileType::RegularFile => Kind::File,
        FileType::Unknown => Kind::Unknown,
        _ => Kind::Other,
    };
    if name != b"." && name != b".." {
        each(name, kind);
    }
}

/// Device and inode are stored in signed columns.
const MOST: u64 = i64::MAX as u64;

fn stat_of(stat: &rustix::fs::Stat) -> Stat {
    // The fields' types differ between systems.
    #[allow(
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::unnecessary_cast,
        clippy::useless_conversion
    )] // as said
    Stat {
        device: stat.st_dev as u64 & MOST,
        inode: stat.st_ino as u64 & MOST,
        size: stat.st_size as u64,
        mtime_ns: i64::from(stat.st_mtime)
            .saturating_mul(1_000_000_000)
            .saturating_add(stat.st_mtime_nsec as i64),
        is_file: FileType::from_raw_mode(stat.st_mode).is_file(),
    }
}

/// Whether the kernel reports changes made by others: not on network and user-space file systems.
#[must_use]
pub fn is_local(path: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // NFS, SMB1, CIFS, SMB2, 9P, FUSE (virtiofs too), Ceph, AFS, Coda: linux/magic.h
        const REMOTE: [u32; 9] = [
            0x6969,
            0x517B,
            0xFF53_4D42,
            0xFE53_4D42,
            0x0102_1997,
            0x6573_5546,
            0x00C3_6400,
            0x5346_414F,
            0x7375_7245,
        ];
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // magics have 32 bits; the type's width varies
        rustix::fs::statfs(path).map_or(true, |fs| !REMOTE.contains(&(fs.f_type as u32)))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = path;
        true
    }
}
