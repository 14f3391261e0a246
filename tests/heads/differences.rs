//! Derivatives by central differences of fourth order in f64.

/// The step: its truncation, `h^4 f^(5) / 30`, lies below rounding's part, `eps |f| / h`.
const STEP: f64 = 1e-3;

/// The gradient of `f` at `x`.
pub fn gradient(x: &[f64], mut f: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
    let mut moved = x.to_vec();
    let mut partial = |i: usize| {
        let mut at = |steps: f64| {
            moved[i] = x[i] + steps * STEP;
            let value = f(&moved);
            moved[i] = x[i];
            value
        };
        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * STEP)
    };
    (0..x.len()).map(&mut partial).collect()
}

/// `found` is `wanted` within `tolerance` times the largest entry (at least 1).
#[track_caller]
pub fn assert_close(what: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let top = wanted.iter().fold(1.0, |top: f64, v| top.max(v.abs()));
    for (i, (f, want)) in found.iter().zip(wanted).enumerate() {
        assert!(
            (f - want).abs() <= tolerance * top,
            "{what}[{i}]: {f}, not {want} (off by {:e})",
            (f - want).abs()
        );
    }
}
