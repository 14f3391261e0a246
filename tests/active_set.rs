//! The complementarity problem and the point of least norm in a hull.

use cognate::linalg::{Angles, Complementarity, Lcp, MinNorm};
use cognate::rng::rng;

#[test]
fn a_complementarity_problem_is_solved_to_rounding() {
    let mut lcp = Lcp::new(12);
    let mut free = 0;
    for n in 1..=12usize {
        // B B' of a tall B, and of one with half as many columns as rows: singular, with q in its range.
        for columns in [n + 2, n.div_ceil(2)] {
            let mut random = rng(6, "lcp", (n * 100 + columns) as u64);
            let b: Vec<f64> = (0..n * columns).map(|_| random.normal()).collect();
            let target: Vec<f64> = (0..columns).map(|_| random.normal()).collect();
            let row = |i: usize| &b[i * columns..][..columns];
            let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            let all = || 0..n;
            let m: Vec<f64> = all()
                .flat_map(|i| all().map(move |j| (i, j)))
                .map(|(i, j)| dot(row(i), row(j)))
                .collect();
            let q: Vec<f64> = all().map(|i| dot(row(i), &target)).collect();
            let (eps, mut z) = (f64::EPSILON, vec![f64::NAN; n]);
            let residual = lcp.solve(&Complementarity { m: &m, q: &q, eps }, &mut z);
            // What the active set takes for rounding, and each product here rounds as well.
            assert!(residual <= 4.0 * (n + 1) as f64 * eps, "{n}: {residual}");
            for i in 0..n {
                let terms = || (0..n).map(|j| m[i * n + j] * z[j]).chain([q[i]]);
                let (y, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
                let allowed = 2.0 * (4 * (n + 1)) as f64 * eps * size;
                assert!(z[i] >= 0.0 && y >= -allowed && (z[i] == 0.0 || y <= allowed));
                free += usize::from(z[i] > 0.0);
            }
        }
    }
    assert!(free > 20, "{free} free coordinates");
}

#[test]
fn the_shortest_point_of_a_triangle() {
    // Corners (1, 1), (3, 1), (1, 3): the corner; (-1, 1), (1, 1), (0, 5): the middle of an edge; around 0: 0 itself.
    let triangles = [
        ([[1.0, 1.0], [3.0, 1.0], [1.0, 3.0]], [1.0, 0.0, 0.0]),
        ([[-1.0, 1.0], [1.0, 1.0], [0.0, 5.0]], [0.5, 0.5, 0.0]),
        ([[-3.0, -1.0], [3.0, -1.0], [0.0, 2.0]], [1.0 / 3.0; 3]),
    ];
    for (corners, wanted) in triangles {
        let product = |i: usize| {
            corners[i / 3][0] * corners[i % 3][0] + corners[i / 3][1] * corners[i % 3][1]
        };
        let gram: Vec<f64> = (0..9).map(product).collect();
        let (mut cosines, mut norms, mut w) = ([0.0; 9], [0.0; 3], [f64::NAN; 3]);
        let points = Angles::new(&gram, &mut cosines, &mut norms, f64::EPSILON);
        let gap = MinNorm::new(3).solve(&points, &mut w);
        assert!(gap <= 4.0 * f64::EPSILON, "{gap}");
        for (w, wanted) in w.iter().zip(wanted) {
            assert!(
                (w - wanted).abs() <= 16.0 * f64::EPSILON,
                "{w}, not {wanted}"
            );
        }
    }
}
