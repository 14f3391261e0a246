//! The house's rules, read from the sources: who may use whom, where `unsafe` may stand, how long files and functions may be.
//!
//! ```text
//! kernels <- params, workspace, linalg <- layer, loss <- objective, optim <- model <- mtl, meta <- pipeline <- compare <- cli
//! data, metrics, io stand beside: they use kernels, params, rng and error; model and what is right of it may use them
//! ```

use std::fs;
use std::path::{Path, PathBuf};

/// What each module of `src/` may use of the others; itself always.
const ARROWS: [(&str, &[&str]); 20] = [
    ("error", &[]),
    ("check", &["error", "workspace"]),
    ("rng", &[]),
    ("parallel", &[]),
    ("params", &["rng"]),
    ("workspace", &["params"]),
    ("linalg", &["error", "params", "workspace"]),
    ("layer", &LEFT_OF_LAYER),
    ("loss", &LEFT_OF_LAYER),
    (
        "objective",
        &[
            "error",
            "rng",
            "parallel",
            "params",
            "workspace",
            "linalg",
            "layer",
            "loss",
        ],
    ),
    (
        "optim",
        &[
            "error",
            "rng",
            "parallel",
            "params",
            "workspace",
            "linalg",
            "objective",
        ],
    ),
    ("data", &BESIDE),
    ("metrics", &BESIDE),
    ("io", &BESIDE),
    ("model", &LEFT_OF_METHODS),
    ("mtl", &LEFT_OF_METHODS),
    ("meta", &LEFT_OF_METHODS),
    (
        "pipeline",
        &[
            "error", "params", "loss", "optim", "data", "metrics", "io", "model", "mtl", "meta",
        ],
    ),
    ("compare", &["error", "data", "model", "mtl", "pipeline"]),
    ("lib", &[]),
];

const BESIDE: [&str; 4] = ["check", "error", "rng", "params"];

const LEFT_OF_LAYER: [&str; 6] = ["error", "rng", "parallel", "params", "workspace", "linalg"];

/// For `model` and what is right of it.
const LEFT_OF_METHODS: [&str; 15] = [
    "check",
    "error",
    "rng",
    "parallel",
    "params",
    "workspace",
    "linalg",
    "layer",
    "loss",
    "objective",
    "optim",
    "data",
    "metrics",
    "io",
    "model",
];

/// A source file: its path from the root, and its text without comments and the contents of strings.
struct Source {
    path: String,
    lines: usize,
    code: String,
}

/// Every Rust file below `folder`; at least one.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "no sources in {folder}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Source {
            path: path.strip_prefix(root).unwrap().display().to_string(),
            lines: text.lines().count(),
            code: code_of(&text),
        }
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The text without what follows `//` on a line and between quotation marks; line breaks stay.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    for line in text.lines() {
        let mut previous = ' ';
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            if !quoted && c == '/' && rest.peek() == Some(&'/') {
                break;
            }
            if c == '"' && previous != '\\' && (previous != '\'' || quoted) {
                quoted = !quoted;
            } else if !quoted {
                code.push(c);
            }
            previous = if previous == '\\' { ' ' } else { c };
        }
        code.push('\n');
    }
    code
}

/// Identifiers at the root of every path that begins with `prefix::`, also of those in braces.
fn roots<'c>(code: &'c str, prefix: &str) -> Vec<&'c str> {
    let paths = code.match_indices(prefix).filter(|&(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    });
    let mut roots = Vec::new();
    for (at, _) in paths {
        let path = &code[at + prefix.len()..];
        match path.strip_prefix('{') {
            Some(group) => roots.extend(members(group)),
            None => roots.push(identifier(path)),
        }
    }
    roots
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The first identifiers of a group's members: `a, b` of `a::{c, d}, b}`.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            ',' | '}' if depth == 0 => {
                found.push(identifier(group[start..at].trim()));
                if c == '}' {
                    break;
                }
                start = at + 1;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The module of `src/` that a file belongs to.
fn module(path: &str) -> &str {
    identifier(path.strip_prefix("src/").unwrap())
}

/// Fails with all of `complaints`, if there are any.
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn arrows_point_left() {
    let modules: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut complaints = Vec::new();
    for source in sources("src") {
        let own = module(&source.path);
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == own) else {
            panic!("{}: a module without a place", source.path);
        };
        let fine = |used: &str| used == own || allowed.contains(&used) || !modules.contains(&used);
        let wrong = roots(&source.code, "crate::")
            .into_iter()
            .filter(|used| own != "lib" && !fine(used));
        complaints.extend(wrong.map(|used| format!("{} may not use {used}", source.path)));
        if source.code.contains("super::super") {
            complaints.push(format!("{}: name the way from the root", source.path));
        }
    }
    assert_none(complaints);
}

#[test]
fn the_reference_imports_nothing_of_ours() {
    for source in sources("tests/support") {
        assert!(!source.code.contains("cognate"), "{}", source.path);
    }
}

#[test]
fn crates_use_those_to_their_left() {
    for source in sources("kernels/src") {
        let used =
            roots(&source.code, "cognate::").len() + roots(&source.code, "cognate_cli::").len();
        assert_eq!(used, 0, "{}", source.path);
    }
    for source in sources("src") {
        assert!(
            roots(&source.code, "cognate_cli::").is_empty(),
            "{}",
            source.path
        );
    }
}

/// Whether `word` stands in the code by itself.
fn says(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|w| w == word)
}

#[test]
fn unsafe_and_instruction_sets_stay_in_the_kernels() {
    for source in sources("src").into_iter().chain(sources("cli/src")) {
        for word in [
            "unsafe",
            "arch",
            "is_x86_feature_detected",
            "target_feature",
        ] {
            assert!(!says(&source.code, word), "{}: {word}", source.path);
        }
    }
    for source in sources("kernels/src") {
        let inside = source.path.starts_with("kernels/src/isa/");
        assert!(
            inside || !says(&source.code, "target_feature"),
            "{}",
            source.path
        );
    }
}

/// The functions with a body: their lines, from the name to the brace in its column, as rustfmt puts it, and their names.
fn functions(code: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let text = line.trim_start();
        let column = line.len() - text.len();
        let header = text.split(['(', '<']).next().unwrap_or_default();
        let Some((_, name)) = header
            .split_once("fn ")
            .filter(|(before, _)| is_qualifier(before))
        else {
            continue;
        };
        // The lines that begin in the same column: the last one of the header, and the brace.
        let beside = |l: &&str| !l.trim().is_empty() && l.len() - l.trim_start().len() == column;
        let ends = |l: &str| l.ends_with(';') || l.trim_start().starts_with('}');
        let one_line = text.ends_with('}') || text.ends_with(';');
        let last = if one_line {
            Some(0)
        } else {
            lines[at..].iter().position(|l| beside(l) && ends(l))
        };
        let last = last.unwrap_or_else(|| panic!("{name} does not end"));
        if lines[at + last].ends_with('}') {
            found.push((last + 1, name));
        }
    }
    found
}

/// Whether only words that may stand before `fn` do.
fn is_qualifier(before: &str) -> bool {
    before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["const", "unsafe", "super)"].contains(&word))
}

/// Functions of the product that are longer: a table of kernels, and loops that lose by being cut.
const LONGER: [&str; 3] = ["compute", "kernels", "tiles"];

#[test]
fn files_and_functions_are_short() {
    let (mut lengths, mut complaints) = (Vec::new(), Vec::new());
    for source in ["src", "kernels/src", "cli/src"]
        .into_iter()
        .flat_map(sources)
    {
        if source.lines > 400 {
            complaints.push(format!("{} has {} lines", source.path, source.lines));
        }
        for (length, name) in functions(&source.code) {
            let excused = source.path.starts_with("kernels/src/gemm") && LONGER.contains(&name);
            if length > 60 && !excused {
                complaints.push(format!("{}: {name} has {length} lines", source.path));
            }
            lengths.push(length);
        }
    }
    assert_none(complaints);
    assert!(
        lengths.len() > 300,
        "only {} functions found",
        lengths.len()
    );
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 12, "the median function has {median} lines");
}

#[test]
fn the_engine_has_two_macros() {
    let all = sources("src").into_iter().chain(sources("kernels/src"));
    let macros: usize = all
        .map(|source| source.code.matches("macro_rules!").count())
        .sum();
    assert!(macros <= 2, "{macros} macros");
}

#[test]
fn the_reader_reads() {
    let text = "use crate::{loss::{Loss, Targets}, layer};\nfn f(\n    x: T,\n) {\n    crate::data::g(\"crate::io::x\") // crate::rng\n}\n";
    let code = code_of(text);
    assert_eq!(roots(&code, "crate::"), ["loss", "layer", "data"]);
    assert_eq!(functions(&code), [(5, "f")]);
    assert!(says("unsafe { x }", "unsafe") && !says("unsafety", "unsafe"));
}
