//! A ledger in a folder: `runs/` with one file for each run, the documents, and the lock file. Nothing else
//! in the ledger uses the file system.

mod lock_file;
mod stamp;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::{LedgerError, failed, shown};
use super::lock_info::LockInfo;
use super::run_file::RunName;
use super::store::{MAX_BYTES, Published, RunLog, Store, Version, Versioned};
use crate::files;
use stamp::Stamp;

const RUNS: &str = "runs";

/// A folder with a ledger, or without one yet.
#[derive(Debug)]
pub(super) struct LocalStore {
    path: PathBuf,
}

impl LocalStore {
    /// The ledger in the folder `path`, which may not exist yet.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => return Err(LedgerError::NotAFolder(shown(path))),
            Err(error) if !files::is_missing(&error) => {
                return Err(LedgerError::io("read ledger folder", shown(path), &error));
            }
            _ => {}
        }
        // Through a link, runs would be read from and written to another place than the ledger that was
        // named.
        let runs = path.join(RUNS);
        match fs::symlink_metadata(&runs) {
            Ok(found) if !found.is_dir() => Err(LedgerError::NotARun(shown(&runs))),
            _ => Ok(Self { path: path.to_owned() }),
        }
    }

    fn run_path(&self, run: &RunName) -> PathBuf {
        self.path.join(RUNS).join(run.as_str())
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(lock_file::NAME)
    }

    /// Creates the folders, with access for their owner alone.
    fn create_folders(&self) -> Result<(), LedgerError> {
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
            .and_then(|()| self.ignore_in_git())
            .and_then(|()| files::sync_folder(&self.path))
            .and_then(|()| files::sync_folder(&files::folder_of(&self.path)))
            .map_err(failed("create ledger folder", &runs))
    }

    /// Keeps a new ledger from being committed by accident. One that is a work tree of its own is meant to be
    /// committed.
    fn ignore_in_git(&self) -> io::Result<()> {
        if self.path.join(".git").try_exists()? {
            return Ok(());
        }
        match files::create_new(&self.path.join(".gitignore"), b"*\n") {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created,
        }
    }
}

impl Store for LocalStore {
    fn name(&self) -> String {
        shown(&self.path)
    }

    fn exists(&self) -> Result<bool, LedgerError> {
        Ok(self.path.join(RUNS).is_dir())
    }

    fn is_empty(&self) -> Result<bool, LedgerError> {
        match fs::read_dir(&self.path) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if files::is_missing(&error) => Ok(true),
            Err(error) => Err(LedgerError::io("list ledger folder", shown(&self.path), &error)),
        }
    }

    fn runs(&self) -> Result<Vec<RunName>, LedgerError> {
        let path = self.path.join(RUNS);
        let failed = failed("list ledger folder", &path);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if files::is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let (mut names, mut others) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = entry.map_err(&failed)?;
            match entry.file_name().to_str().and_then(RunName::of_file) {
                Some(name) if entry.file_type().map_err(&failed)?.is_file() => names.push(name),
                _ => others.push(entry.path()),
            }
        }
        if let Some(other) = others.iter().min() {
            return Err(LedgerError::NotARun(shown(other)));
        }
        names.sort();
        Ok(names)
    }

    fn open_run(&self, run: &RunName) -> Result<Box<dyn BufRead>, LedgerError> {
        let path = self.run_path(run);
        let failed = failed("read ledger file", &path);
        let file = files::open_regular(&path).map_err(&failed)?;
        if file.metadata().map_err(&failed)?.len() > MAX_BYTES {
            return Err(LedgerError::TooLarge(shown(&path)));
        }
        Ok(Box::new(BufReader::with_capacity(64 << 10, file)))
    }

    fn run_location(&self, run: &RunName) -> String {
        shown(&self.run_path(run))
    }

    fn create_run(&self, at: Timestamp) -> Result<(RunName, Box<dyn RunLog>), LedgerError> {
        self.create_folders()?;
        loop {
            let name = RunName::at(at);
            let path = self.run_path(&name);
            match LocalLog::create(path.clone()) {
                // Another run has the same random id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LedgerError::io("create ledger file", shown(&path), &error)),
                Ok(log) => return Ok((name, Box::new(log))),
            }
        }
    }

    fn import_run(&self, run: &RunName, records: &[u8]) -> Result<(), LedgerError> {
        self.create_folders()?;
        let path = self.run_path(run);
        files::create_new(&path, records).map_err(failed("create ledger file", &path))
    }

    fn read(&self, document: &str) -> Result<Option<Versioned<Vec<u8>>>, LedgerError> {
        let path = self.path.join(document);
        let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
        let read = files::open_regular(&path).and_then(|file| {
            let version = Stamp::of(&file)?.version();
            Ok(Versioned { value: files::read_at_most(file, most)?, version })
        });
        match read {
            Ok(document) => Ok(Some(document)),
            Err(error) if files::is_missing(&error) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(LedgerError::TooLarge(shown(&path)))
            }
            Err(error) => Err(LedgerError::io("read ledger file", shown(&path), &error)),
        }
    }

    fn replace(&self, document: &str, bytes: &[u8], over: Option<&Version>) -> Result<bool, LedgerError> {
        self.create_folders()?;
        let path = self.path.join(document);
        let failed = failed("write ledger file", &path);
        let found = Stamp::at(&path).map_err(&failed)?;
        if found.map(|found| found.version()).as_ref() != over {
            return Ok(false);
        }
        files::replace(&path, bytes).map_err(failed)?;
        Ok(true)
    }

    fn document_location(&self, document: &str) -> String {
        shown(&self.path.join(document))
    }

    fn lock(&self) -> Result<Option<Versioned<LockInfo>>, LedgerError> {
        lock_file::read(&self.lock_path())
    }

    fn publish(&self, lock: &LockInfo, over: Option<&Version>) -> Result<Published, LedgerError> {
        self.create_folders()?;
        lock_file::publish(&self.lock_path(), lock, over)
    }
}

/// The file of the run in progress.
#[derive(Debug)]
struct LocalLog {
    path: PathBuf,
    file: File,
    /// The length of what was written, in bytes.
    length: u64,
}

impl LocalLog {
    fn create(path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        files::sync_folder(&files::folder_of(&path))?;
        Ok(Self { path, file, length: 0 })
    }

    fn write(&mut self, lines: &[u8], sync: bool) -> io::Result<()> {
        self.file.write_all(lines)?;
        if !sync {
            return Ok(());
        }
        self.file.sync_data()?;
        let own = Stamp::of(&self.file)?;
        if Stamp::at(&self.path)?.is_some_and(|found| found.is_same_file(&own)) {
            Ok(())
        } else {
            Err(io::Error::other("the file was removed during the run"))
        }
    }
}

impl RunLog for LocalLog {
    fn append(&mut self, lines: &[u8], sync: bool) -> Result<(), LedgerError> {
        self.write(lines, sync).map_err(|error| {
            // No one will act on these lines, so they should not stay. If they do, the worst is an intent
            // whose call seems to have been made.
            let _ = self.file.set_len(self.length);
            LedgerError::io("write ledger file", shown(&self.path), &error)
        })?;
        self.length += lines.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_reported() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let error = LocalLog { path, file, length: 0 }.append(b"{}\n", true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write ledger file `/dev/full`: No space left on device (os error 28)"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_cannot_be_looked_at_is_not_taken_for_a_new_one() {
        let name = "x".repeat(300);
        let error = LocalStore::open(Path::new(&name)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot read ledger folder `{name}`: File name too long (os error 36)")
        );
    }

    #[test]
    fn a_document_that_is_too_large_or_not_a_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        let path = folder.path().join("known.json");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(store.read("known.json").unwrap_err(), LedgerError::TooLarge(shown(&path)));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(
            store.read("known.json").unwrap_err().to_string(),
            format!("cannot read ledger file `{}`: it is not a regular file", path.display())
        );
    }

    #[test]
    fn what_could_not_be_made_durable_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        let mut file = LocalLog::create(path.clone()).unwrap();
        file.append(b"first\n", true).unwrap();
        // There is another file at the path now, so nothing may rely on what follows.
        let moved = folder.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        fs::write(&path, "").unwrap();
        file.append(b"second\n", true).unwrap_err();
        assert_eq!(fs::read_to_string(moved).unwrap(), "first\n");
    }
}
