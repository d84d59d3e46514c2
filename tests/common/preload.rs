//! A small C library that is loaded before `mmsg` and stands between it and the system, so that nothing in `mmsg` knows of it.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::repository;

/// A compiled library; its folder has room for what it reads.
pub struct Preload {
    folder: TempDir,
}

impl Preload {
    /// Compiles `tests/fixtures/NAME.c`.
    pub fn compile(name: &str) -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o", &library.path()]);
        let status = compiler.arg(repository(&format!("tests/fixtures/{name}.c"))).status().unwrap();
        assert!(status.success(), "{name}.c is not compiled");
        library
    }

    /// For `LD_PRELOAD`.
    pub fn path(&self) -> String {
        self.file("preloaded.so").to_str().unwrap().to_owned()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
