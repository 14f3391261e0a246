//! Numbers and tables as text.

use cognate::Real;

/// The shortest decimal that reads back as the same `f32` or `f64`; with an exponent where that is shorter.
pub fn exact<T: Real>(x: T) -> String {
    let size = x.to_f64().abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) {
        return x.to_string();
    }
    match T::NAME {
        "f32" => format!("{:e}", x.to_f64() as f32),
        _ => format!("{:e}", x.to_f64()),
    }
}

/// `x` to four digits, for people.
pub fn rounded(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-4..1e7).contains(&size) => format!("{x:.3e}"),
        size if size >= 1000.0 => thousands(x.round()),
        size if size >= 100.0 => format!("{x:.1}"),
        size if size >= 10.0 => format!("{x:.2}"),
        size if size >= 1.0 => format!("{x:.3}"),
        _ => format!("{x:.4}"),
    }
}

/// Seconds in a unit that suits them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.0} us", s * 1e6),
    }
}

/// A whole number with commas: 12,345.
pub fn thousands(x: f64) -> String {
    let digits = format!("{:.0}", x.abs());
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if x < 0.0 {
        format!("-{grouped}")
    } else {
        grouped
    }
}

/// Lines of a table: the columns in `left` to the left, the others to the right.
pub fn table(rows: &[Vec<String>], left: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |j: usize| {
        let cells = rows.iter().filter_map(|row| row.get(j));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(j, (cell, &width))| match left.contains(&j) {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_read_back() {
        for x in [
            0.0,
            -0.1,
            1.0 / 3.0,
            1e-300,
            5e-324,
            1e22,
            f64::MAX,
            123456.789,
        ] {
            assert_eq!(exact(x).parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
        for x in [0.1_f32, 1e-38, f32::MAX, 1.0 / 3.0] {
            assert_eq!(exact(x).parse::<f32>().unwrap().to_bits(), x.to_bits());
        }
        assert_eq!(exact(0.1_f32), "0.1");
        assert_eq!(exact(1e-7), "1e-7");
    }

    #[test]
    fn people_read_four_digits() {
        let said = [
            0.0, 0.01234, 1.23456, 12.3456, 123.456, 1234.56, -1234567.0, 1e-9,
        ];
        let expected = [
            "0",
            "0.0123",
            "1.235",
            "12.35",
            "123.5",
            "1,235",
            "-1,234,567",
            "1.000e-9",
        ];
        assert_eq!(said.map(rounded), expected);
    }
}
