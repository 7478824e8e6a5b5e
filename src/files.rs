//! Files: reads a bounded one, replaces one atomically, creates a new one.
//!
//! Whatever is written is complete and durable when a function returns, or not there at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Opens a file for reading. A folder is refused, and so is a named pipe: without a writer, it would be waited
/// for forever. What a shell hands over, as `/dev/fd/63`, is a pipe with a writer.
///
/// # Errors
/// If it cannot be opened, or is not readable as a file.
pub fn open(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let is_handed_over = ["/dev/", "/proc/"].iter().any(|folder| path.starts_with(folder));
        if !is_handed_over && fs::metadata(path)?.file_type().is_fifo() {
            return Err(io::Error::other("it is a named pipe, not a file"));
        }
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// Opens a regular file for reading; a link, a device or a pipe is refused.
///
/// # Errors
/// If it cannot be opened, or is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// The content of `file`, of at most `most` bytes.
///
/// # Errors
/// If it cannot be read; of the kind `FileTooLarge` if it is longer.
pub fn read_at_most(file: File, most: usize) -> io::Result<Vec<u8>> {
    let bytes = read_start(file, most + 1)?;
    if bytes.len() <= most {
        return Ok(bytes);
    }
    let bound = if most >= 1 << 20 { format!("{} MiB", most >> 20) } else { format!("{} KiB", most >> 10) };
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {bound}")))
}

/// The first `most` bytes of `file`, or all of it if it is shorter.
///
/// # Errors
/// If it cannot be read.
pub fn read_start(file: File, most: usize) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    // A device or pipe has no length. Room for all of it is reserved at once, so that nothing is moved.
    let length = if metadata.is_file() { metadata.len() } else { 0 };
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(most).min(most));
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces the file at `path`, or creates it, readable by its owner alone. Readers find the old content or the
/// new content, whatever happens.
///
/// # Errors
/// If it cannot be written; the file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(&tempfile::Builder::new(), path, bytes)
}

/// Like [`replace`], readable by every user.
///
/// # Errors
/// If it cannot be written; the file is then as it was.
pub fn replace_for_all(path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "other systems have no such permissions"))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    replace_by(&builder, path, bytes)
}

fn replace_by(builder: &tempfile::Builder<'_, '_>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file =
        builder.clone().prefix(".new-").tempfile_in(&folder).map_err(|error| without_path(&error))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(&folder)
}

/// Creates a file at `path`, where there is none.
///
/// # Errors
/// If it cannot be written; of the kind `AlreadyExists` if something is there. No part of it stays.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// The folder that `path` is in.
#[must_use]
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether nothing is there, as opposed to something that cannot be reached.
#[must_use]
pub fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Makes a name that was created in `folder` durable.
///
/// # Errors
/// If the folder cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Does nothing: this system makes names durable by itself.
///
/// # Errors
/// None.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The error of the system alone. The one of `tempfile` names a temporary file, which means nothing to a reader.
fn without_path(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_at_most(open(&path).unwrap(), 5).unwrap(), b"12345");
        assert_eq!(read_at_most(open(&path).unwrap(), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(open(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(open_regular(folder.path()).unwrap_err().to_string(), "it is not a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_no_regular_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&path, "x").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(open_regular(&path).is_ok() && open(&link).is_ok());
        assert_eq!(open_regular(&link).unwrap_err().to_string(), "it is not a regular file");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"first").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(create_new(&path, b"third").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_names_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = replace(&folder.path().join("missing/file"), b"x").unwrap_err();
        assert!(is_missing(&error) && !error.to_string().contains("new-"), "{error}");
    }
}
