//! The door from slices to kernels: a view that is made lies inside its slice, one to be written has no place twice, and its parts are
//! the parts of the matrix.

use std::collections::HashSet;

use cognate_kernels::{MatMut, MatRef, ViewError};

/// Every small shape with every small pair of strides.
fn shapes() -> impl Iterator<Item = [usize; 4]> {
    let all = |n: usize| 0..n;
    all(4).flat_map(move |rows| {
        all(5).flat_map(move |cols| {
            all(7).flat_map(move |row| all(7).map(move |col| [rows, cols, row, col]))
        })
    })
}

/// The places of all elements.
fn places([rows, cols, row, col]: [usize; 4]) -> Vec<usize> {
    let of_row = |i| (0..cols).map(move |j| i * row + j * col);
    (0..rows).flat_map(of_row).collect()
}

#[test]
fn a_view_lies_inside_its_slice() {
    let mut made = 0;
    for shape in shapes() {
        let [rows, cols, row, col] = shape;
        let needed = places(shape).iter().max().map_or(0, |last| last + 1);
        for found in [needed, needed + 1, needed.saturating_sub(1)] {
            let data: Vec<usize> = (0..found).collect();
            let view = MatRef::with_strides(&data, rows, cols, row, col);
            if found < needed {
                assert_eq!(view.unwrap_err(), ViewError::TooShort { needed, found });
                continue;
            }
            let view = view.unwrap();
            let seen = (0..rows).flat_map(|i| (0..cols).map(move |j| view.at(i, j)));
            assert_eq!(seen.collect::<Vec<_>>(), places(shape), "{shape:?}");
            made += 1;
        }
    }
    assert!(made > 1000);
}

#[test]
fn a_view_to_be_written_has_no_place_twice() {
    let (mut made, mut refused) = (0, 0);
    for shape in shapes() {
        let [rows, cols, row, col] = shape;
        let mut data = vec![0; 64];
        let distinct = places(shape).into_iter().collect::<HashSet<_>>().len() == rows * cols;
        // One dimension steps over the other, or there is but one.
        let nested = rows * cols <= 1
            || (rows > 1 || col > 0) && (cols > 1 || row > 0) && {
                let over = |n: usize, outer: usize, m: usize, inner: usize| {
                    n == 1 || outer > (m - 1) * inner && (m == 1 || inner > 0)
                };
                over(rows, row, cols, col) && (cols == 1 || col > 0)
                    || over(cols, col, rows, row) && (rows == 1 || row > 0)
            };
        match MatMut::with_strides(&mut data, rows, cols, row, col) {
            Ok(_) => made += usize::from(distinct),
            Err(error) => {
                assert_eq!(error, ViewError::Overlap, "{shape:?}");
                assert!(!nested, "{shape:?} is nested, and refused");
                refused += 1;
                continue;
            }
        }
        assert!(distinct, "{shape:?} has a place twice");
    }
    assert!(
        made > 300 && refused > 100,
        "{made} made, {refused} refused"
    );
}

#[test]
fn shapes_beyond_the_address_space_are_refused() {
    let most = usize::MAX;
    for (rows, cols, row, col) in [(2, 2, most, most), (most, 2, 2, 1), (2, most, 1, 2)] {
        let view = MatRef::with_strides(&[0.0], rows, cols, row, col);
        assert_eq!(view.unwrap_err(), ViewError::TooLarge);
        let mut data = [0.0];
        let view = MatMut::with_strides(&mut data, rows, cols, row, col);
        assert_eq!(view.unwrap_err(), ViewError::TooLarge);
    }
}

/// Rows `a..b` and columns `c..d` of a 5 x 6 matrix of its own numbers, in two layouts.
#[test]
fn parts_are_the_parts_of_the_matrix() {
    let mut tried = 0;
    for (row, col) in [(6, 1), (1, 5), (13, 2)] {
        let mut data = vec![-1; 13 * 4 + 11];
        let mut whole = MatMut::with_strides(&mut data, 5, 6, row, col).unwrap();
        (0..5).for_each(|i| (0..6).for_each(|j| whole.set(i, j, (10 * i + j) as i32)));
        for (a, b) in [(0, 5), (1, 4), (2, 2), (5, 5)] {
            for (c, d) in [(0, 6), (2, 3), (6, 6)] {
                let part = whole.rb().rows_range(a..b).cols_range(c..d);
                assert_eq!((part.rows(), part.cols()), (b - a, d - c));
                let written = whole.rb_mut().rows_range(a..b).t().rows_range(c..d).t();
                for i in 0..b - a {
                    for j in 0..d - c {
                        let want = (10 * (a + i) + c + j) as i32;
                        assert_eq!((written.at(i, j), written.rb().t().at(j, i)), (want, want));
                        tried += 1;
                    }
                }
            }
        }
        let (top, bottom) = whole.rb_mut().split_rows(2);
        let (left, mut right) = bottom.split_cols(4);
        assert_eq!((top.rows(), left.cols(), right.cols()), (2, 4, 2));
        right.fill(7);
        assert_eq!((left.at(0, 3), right.at(0, 0), top.at(1, 5)), (23, 7, 15));
        let mut copy = [0; 30];
        let mut copy = MatMut::new(&mut copy, 5, 6).unwrap();
        copy.copy_from(whole.rb());
        assert_eq!(
            (copy.at(4, 5), copy.at(1, 4), copy.row_mut(0)[5]),
            (7, 14, 5)
        );
        let slice = whole.rb().as_slice();
        assert_eq!(slice.is_some(), (row, col) == (6, 1));
    }
    assert!(tried > 100);
}

#[test]
fn parts_outside_of_the_matrix_panic() {
    let data = [0.0; 12];
    let view = MatRef::new(&data, 3, 4).unwrap();
    let panics: [fn(MatRef<'_, f64>); 5] = [
        |x| _ = x.at(3, 0),
        |x| _ = x.at(0, 4),
        |x| _ = x.rows_range(1..4),
        |x| _ = x.split_cols(5),
        |x| _ = x.t().row(0),
    ];
    for panics in panics {
        let outside = std::panic::catch_unwind(|| panics(view));
        assert!(outside.is_err());
    }
}
