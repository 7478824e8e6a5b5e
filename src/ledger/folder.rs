//! The files of a ledger in a folder. Beside the lock, the only place that touches the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::LedgerError;
use super::run_file::RunName;
use super::writer::RunFile;
use crate::files;

/// No file of a ledger is larger. The writer stays below it.
pub(super) const MAX_BYTES: u64 = 64 << 20;

const RUNS: &str = "runs";

/// A folder that holds a ledger, or will.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which need not be there yet.
    pub(super) fn at(path: &Path) -> Result<Self, LedgerError> {
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => return Err(LedgerError::NotAFolder(path.to_owned())),
            Err(error) if !files::is_missing(&error) => return Err(LedgerError::io("read", path, &error)),
            _ => {}
        }
        // A link would have runs written to, and read from, somewhere else than the ledger that was named.
        let runs = path.join(RUNS);
        match fs::symlink_metadata(&runs) {
            Ok(found) if !found.is_dir() => Err(LedgerError::NotARun(runs)),
            _ => Ok(Self { path: path.to_owned() }),
        }
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The path of a run file in it.
    pub(super) fn run_file(&self, name: &RunName) -> PathBuf {
        self.path.join(RUNS).join(name.as_str())
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it holds a ledger.
    pub(super) fn is_ledger(&self) -> bool {
        self.path.join(RUNS).is_dir()
    }

    /// The run files by name. Anything else among them is refused: what it would say is not known.
    pub(super) fn run_names(&self) -> Result<Vec<RunName>, LedgerError> {
        let path = self.path.join(RUNS);
        let refused = |error: io::Error| LedgerError::io("list", &path, &error);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if files::is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(refused(error)),
        };
        let (mut names, mut strangers) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = entry.map_err(refused)?;
            match entry.file_name().to_str().and_then(RunName::of_file) {
                Some(name) if entry.file_type().map_err(refused)?.is_file() => names.push(name),
                _ => strangers.push(entry.path()),
            }
        }
        if let Some(stranger) = strangers.into_iter().min() {
            return Err(LedgerError::NotARun(stranger));
        }
        names.sort();
        Ok(names)
    }

    /// The bytes of a run file.
    pub(super) fn read_run(&self, name: &RunName) -> Result<Vec<u8>, LedgerError> {
        let mut bytes = Vec::new();
        self.open_run(name)?
            .read_to_end(&mut bytes)
            .map_err(|error| LedgerError::io("read", &self.run_file(name), &error))?;
        Ok(bytes)
    }

    /// A run file, to be read from its start.
    pub(super) fn open_run(&self, name: &RunName) -> Result<BufReader<File>, LedgerError> {
        open_capped(&self.run_file(name)).map(|file| BufReader::with_capacity(64 << 10, file))
    }

    /// The bytes of a file, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.file(name);
        let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
        match files::open_regular(&path).and_then(|file| files::read_at_most(file, most)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if files::is_missing(&error) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(LedgerError::TooLarge(path)),
            Err(error) => Err(LedgerError::io("read", &path, &error)),
        }
    }

    /// Replaces a file as a whole: readers find the old one or the new one, whatever happens.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        self.make()?;
        let path = self.file(name);
        files::replace(&path, bytes).map_err(|error| LedgerError::io("write", &path, &error))
    }

    /// Creates the file of a run that begins at `at`.
    pub(super) fn create_run(&self, at: Timestamp) -> Result<(RunName, LocalRunFile), LedgerError> {
        self.make()?;
        loop {
            let name = RunName::at(at);
            match LocalRunFile::create(self.run_file(&name)) {
                // Somebody else drew the same id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LedgerError::io("create", &self.run_file(&name), &error)),
                Ok(file) => return Ok((name, file)),
            }
        }
    }

    /// Makes the folders, readable by their owner alone.
    pub(super) fn make(&self) -> Result<(), LedgerError> {
        let runs = self.path.join(RUNS);
        if runs.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&runs)
            .and_then(|()| self.keep_out_of_git())
            .and_then(|()| files::sync_folder(&self.path))
            .and_then(|()| files::sync_folder(&files::folder_of(&self.path)))
            .map_err(|error| LedgerError::io("create", &runs, &error))
    }
}

impl Folder {
    /// Keeps a new ledger from being committed by accident; one that is a work tree of its own is meant to
    /// be.
    fn keep_out_of_git(&self) -> io::Result<()> {
        if self.path.join(".git").try_exists()? {
            return Ok(());
        }
        let path = self.path.join(".gitignore");
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => file.write_all(b"*\n").and_then(|()| file.sync_all()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The file of the run in progress.
#[derive(Debug)]
pub(super) struct LocalRunFile {
    path: PathBuf,
    file: File,
    durable: u64,
}

impl LocalRunFile {
    fn create(path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        files::sync_folder(&files::folder_of(&path))?;
        Ok(Self { path, file, durable: 0 })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()?;
        if is_at(&self.file, &self.path)? {
            Ok(())
        } else {
            Err(io::Error::other("the file was removed while the run went on"))
        }
    }
}

impl RunFile for LocalRunFile {
    fn append(&mut self, lines: &[u8]) -> Result<(), LedgerError> {
        match self.write(lines) {
            Ok(()) => {
                self.durable += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Nobody will act on these lines, so they should not stay. If they do, the worst is an
                // intent that looks as if its call may have been made.
                let _ = self.file.set_len(self.durable);
                Err(LedgerError::io("write", &self.path, &error))
            }
        }
    }
}

fn open_capped(path: &Path) -> Result<File, LedgerError> {
    let refused = |error: io::Error| LedgerError::io("read", path, &error);
    let file = File::open(path).map_err(refused)?;
    if file.metadata().map_err(refused)?.len() > MAX_BYTES {
        return Err(LedgerError::TooLarge(path.to_owned()));
    }
    Ok(file)
}

/// Tells a file from every other, and from itself before a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    #[cfg(unix)]
    file: (u64, u64),
    length: u64,
    modified: Option<std::time::SystemTime>,
}

impl Stamp {
    /// Of the file at `path`, if there is one.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(Self::from(&found))),
            Err(error) if files::is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self::from(&found))
    }

    /// Whether both are the same file, changed or not.
    #[cfg(unix)]
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// Not known on this system.
    #[cfg(not(unix))]
    pub(super) fn is_same_file(&self, _: &Self) -> bool {
        true
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(found: &fs::Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            #[cfg(unix)]
            file: (found.dev(), found.ino()),
            length: found.len(),
            modified: found.modified().ok(),
        }
    }
}

/// Whether `path` still leads to `file`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = Stamp::of(file)?;
    Ok(Stamp::at(path)?.is_some_and(|found| found.is_same_file(&own)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_sentence() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let error = LocalRunFile { path, file, durable: 0 }.append(b"{}\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write `/dev/full` of the ledger: No space left on device (os error 28)"
        );
    }

    #[test]
    fn what_could_not_be_made_durable_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        let mut file = LocalRunFile::create(path.clone()).unwrap();
        file.append(b"first\n").unwrap();
        // Another file lies at the path now, so that what follows cannot be relied on.
        let moved = folder.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        fs::write(&path, "").unwrap();
        file.append(b"second\n").unwrap_err();
        assert_eq!(fs::read_to_string(moved).unwrap(), "first\n");
    }
}
