//! The golden table: `tests/data/golden_bits.txt` holds inputs and the exact bits that every elementary function, map and reduction makes
//! of them on hardware with a fused multiply-add. Bits are a promise; who changes one finds out here.
//!
//! A line is `TYPE KERNEL: NUMBERS`, in hexadecimal bits. Where a change is meant, say so in the changelog and write the table anew:
//! ```text
//! COGNATE_WRITE_GOLDEN=1 cargo test -p cognate-kernels --lib golden
//! ```

use std::fmt::Write;
use std::string::String;
use std::vec::Vec;
use std::{format, println};

use super::outcomes::{Numbers, Outcome, functions, outcomes, specials};
use super::{Check, every_set};
use crate::Real;
use crate::isa::{Model, Simd};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden_bits.txt");

/// Two registers of 16 lanes, and a tail: 37 numbers are enough for a kernel.
const LENGTH: usize = 37;

/// A line of the table.
fn line<T: Real>(outcome: &Outcome<T>) -> String {
    let mut line = format!("{} {}:", T::NAME, outcome.kernel);
    for &x in &outcome.numbers {
        let wide = x.to_f64();
        let written = match (wide.is_nan(), T::NAME) {
            (true, _) => write!(line, " nan"),
            (_, "f32") => write!(line, " {:08x}", (wide as f32).to_bits()),
            _ => write!(line, " {:016x}", wide.to_bits()),
        };
        written.expect("a string takes everything");
    }
    line
}

/// The lines of one type: arguments of the functions and what they give, then all kernels on [`LENGTH`] numbers.
fn lines<T: Real, S: Simd<T>>(s: S) -> Vec<String> {
    let (numbers, mut x) = (Numbers::new(20_261_124), specials::<T>());
    x.extend(numbers.vector::<T>(0, 24));
    let inputs = Outcome {
        kernel: "x".into(),
        numbers: x.clone(),
    };
    let mut all = std::vec![line(&inputs)];
    all.extend(functions(s, &x).iter().map(line));
    for vector in 1..21 {
        let kernel = format!("vector {vector}");
        let numbers = match vector {
            1 | 4 | 7 | 15 | 17 => numbers.special::<T>(vector, LENGTH),
            _ => numbers.vector(vector, LENGTH),
        };
        all.push(line(&Outcome { kernel, numbers }));
    }
    let kernels = outcomes(s, &numbers, LENGTH);
    all.extend(kernels.iter().map(|outcome| line(outcome)));
    all
}

fn table<S: Simd<f32> + Simd<f64>>(s: S) -> Vec<String> {
    let mut all = lines::<f32, S>(s);
    all.extend(lines::<f64, S>(s));
    all
}

#[test]
fn golden_bits() {
    struct Held(Vec<String>, usize);
    impl Check for Held {
        fn on<S: Simd<f32> + Simd<f64>>(&mut self, name: &str, s: S) {
            let got = table(s);
            assert_eq!(got.len(), self.0.len(), "{name}: kernels in the table");
            for (got, want) in got.iter().zip(&self.0) {
                assert_eq!(got, want, "{name}: other bits than the table's");
                self.1 += 1;
            }
        }
    }
    let one = Model::<1>::detect();
    if !one.is_fused() {
        println!("no fused multiply-add: the table is of another class");
        let lines = std::fs::read_to_string(TABLE).expect("the golden table");
        assert_eq!(lines.lines().count(), table(one).len());
        return;
    }
    if std::env::var_os("COGNATE_WRITE_GOLDEN").is_some() {
        let text = table(one).join("\n") + "\n";
        std::fs::write(TABLE, text).expect("the table can be written");
    }
    let text = std::fs::read_to_string(TABLE).expect("the golden table");
    let mut held = Held(text.lines().map(String::from).collect(), 0);
    held.on("model 1", one);
    every_set(&mut held);
    println!("{} lines held", held.1);
    assert!(held.1 >= 4 * held.0.len() && held.0.len() > 100);
}
