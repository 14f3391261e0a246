//! Products to try: strided matrices, factors, bias, activation, scratch.

use cognate_kernels::{Activation, Level, MatMut, MatRef, Product, Real, gemm, gemm_scratch};

use super::product::Operands;
use super::{Numbers, assert_bits, gamma};

/// A matrix whose vector ends with its last element.
#[derive(Clone)]
pub struct Matrix<T> {
    pub data: Vec<T>,
    pub rows: usize,
    pub cols: usize,
    pub strides: (usize, usize),
}

impl<T: Real> Matrix<T> {
    /// `layout`: 0 row-major, 1 column-major, 2 rows apart, 3 columns apart, 4 neither side by side.
    pub fn new(numbers: &mut Numbers, rows: usize, cols: usize, layout: usize) -> Self {
        let strides = [
            (cols, 1),
            (1, rows),
            (cols + 3, 1),
            (1, rows + 5),
            (2 * cols + 1, 2),
        ][layout];
        let extent = (rows.max(1) - 1) * strides.0 + (cols.max(1) - 1) * strides.1 + 1;
        let length = if rows * cols == 0 { 0 } else { extent };
        Self {
            data: numbers.vec(length),
            rows,
            cols,
            strides,
        }
    }

    pub fn place(&self, i: usize, j: usize) -> usize {
        i * self.strides.0 + j * self.strides.1
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[self.place(i, j)].to_f64()
    }

    pub fn view(&self) -> MatRef<'_, T> {
        let (row, col) = self.strides;
        MatRef::with_strides(&self.data, self.rows, self.cols, row, col).unwrap()
    }

    pub fn view_mut(&mut self) -> MatMut<'_, T> {
        let (row, col) = self.strides;
        MatMut::with_strides(&mut self.data, self.rows, self.cols, row, col).unwrap()
    }

    /// NaN in every element.
    pub fn poisoned(mut self) -> Self {
        self.view_mut().fill(T::NAN);
        self
    }

    /// The elements, row after row.
    pub fn elements(&self) -> Vec<T> {
        let places = (0..self.rows).flat_map(|i| (0..self.cols).map(move |j| self.place(i, j)));
        places.map(|at| self.data[at]).collect()
    }
}

pub struct Case<T> {
    pub alpha: T,
    pub a: Matrix<T>,
    pub b: Matrix<T>,
    pub beta: T,
    pub c: Matrix<T>,
    pub bias: Option<Vec<T>>,
    pub activation: Activation,
    pub scratch: usize,
}

impl<T: Real> Case<T> {
    /// `choice` as from [`orthogonal`]: layouts of A, B and C, alpha, beta, and the rest.
    pub fn new(
        numbers: &mut Numbers,
        (m, k, n): (usize, usize, usize),
        choice: [usize; 6],
    ) -> Self {
        let [a, b, c, alpha, beta, rest] = choice;
        let factor = |f: usize| T::from_f64([1.0, 0.0, -1.0, 0.7, -2.5][f]);
        let (alpha, beta) = (factor(alpha), factor((beta + 1) % 5));
        let unread = |m: Matrix<T>, factor: T| if factor == T::ZERO { m.poisoned() } else { m };
        Self {
            alpha,
            a: unread(Matrix::new(numbers, m, k, a), alpha),
            b: unread(Matrix::new(numbers, k, n, b), alpha),
            beta,
            c: unread(Matrix::new(numbers, m, n, c), beta),
            bias: (rest % 2 == 1).then(|| numbers.vec(n)),
            activation: if rest < 3 {
                Activation::Identity
            } else {
                Activation::Relu
            },
            scratch: [0, usize::MAX, 300, 3000, usize::MAX][rest],
        }
    }

    pub fn product(&self) -> Product<'_, T> {
        let product = Product::new(self.a.view(), self.b.view())
            .alpha(self.alpha)
            .beta(self.beta);
        let product = product.activation(self.activation);
        match &self.bias {
            Some(bias) => product.bias(bias),
            None => product,
        }
    }

    /// C at `level`; scratch of usize::MAX is what the kernel asks for.
    pub fn run(&self, level: Level, scratch: usize) -> Matrix<T> {
        let wanted = gemm_scratch::<T>(level, self.c.rows, self.a.cols, self.c.cols);
        let mut scratch = vec![
            T::NAN;
            if scratch == usize::MAX {
                wanted
            } else {
                scratch
            }
        ];
        let mut c = self.c.clone();
        gemm(level, self.product(), c.view_mut(), &mut scratch);
        c
    }

    pub fn name(&self) -> String {
        format!(
            "{} {}x{} {:?} times {}x{} {:?} into {:?}, alpha {}, beta {}, bias {}, {:?}, scratch {}",
            T::NAME,
            self.a.rows,
            self.a.cols,
            self.a.strides,
            self.b.rows,
            self.b.cols,
            self.b.strides,
            self.c.strides,
            self.alpha,
            self.beta,
            self.bias.is_some(),
            self.activation,
            self.scratch
        )
    }

    /// Holds `c` to the exact product; `roundings` beyond the bound at the top widen it.
    pub fn assert_near(&self, c: &Matrix<T>, roundings: usize, what: &str) {
        let bias = |j: usize| self.bias.as_ref().map_or(0.0, |b| b[j].to_f64());
        let operands = Operands {
            k: self.a.cols,
            alpha: self.alpha.to_f64(),
            a: &|i, l| self.a.at(i, l),
            b: &|l, j| self.b.at(l, j),
            beta: self.beta.to_f64(),
            c: &|i, j| self.c.at(i, j),
            bias: &bias,
        };
        let gamma = gamma::<T>(self.a.cols + 3 + roundings);
        for i in 0..c.rows {
            for j in 0..c.cols {
                let want = operands.element(i, j);
                let cut = self.activation == Activation::Relu && want.exact.hi < 0.0;
                let (hi, lo) = if cut {
                    (0.0, 0.0)
                } else {
                    (want.exact.hi, want.exact.lo)
                };
                let error = ((c.at(i, j) - hi) - lo).abs();
                assert!(
                    error <= gamma * want.size,
                    "{what}: {} at ({i}, {j}) is off by {error:e}, {:e} allowed: {}",
                    c.at(i, j),
                    gamma * want.size,
                    self.name()
                );
            }
        }
    }

    /// Elements between C's rows and columns are as they were.
    pub fn assert_outside(&self, c: &Matrix<T>) {
        let mut inside = vec![false; c.data.len()];
        for i in 0..c.rows {
            for j in 0..c.cols {
                inside[c.place(i, j)] = true;
            }
        }
        for at in (0..c.data.len()).filter(|&at| !inside[at]) {
            assert_bits(&c.data[at..=at], &self.c.data[at..=at], &self.name());
        }
    }
}
