//! Signals: an interrupt removes what is half-written and exits with 130; a file-size limit is an error like any other.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Temporary files that exist now. Whoever creates, renames or removes one holds the lock meanwhile, so that an interrupt finds each
/// file either listed or final.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporary() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `make`, which creates `path`, and lists the file from then on.
pub fn begin_temporary<T>(path: &Path, make: impl FnOnce() -> T) -> T {
    let mut listed = temporary();
    listed.push(path.to_owned());
    make()
}

/// Runs `finish`, which renames or removes `path`, and lists the file no longer.
pub fn end_temporary<T>(path: &Path, finish: impl FnOnce() -> T) -> T {
    let mut listed = temporary();
    let done = finish();
    listed.retain(|p| p != path);
    done
}

/// Takes over the signals. Without a handler for it, Ctrl-C would leave a temporary file behind; nothing worse, so that a refusal by the
/// system is no reason to stop.
pub fn install() {
    let _ = ctrlc::set_handler(|| {
        for path in temporary().drain(..) {
            let _ = std::fs::remove_file(path);
        }
        eprintln!("cognate: interrupted");
        std::process::exit(130);
    });
    // By default a write beyond the limit of `ulimit -f` kills the process; with any handler the write fails instead.
    #[cfg(unix)]
    {
        let noticed = std::sync::Arc::default();
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed);
    }
}
