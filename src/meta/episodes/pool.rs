//! Episodes out of a labelled table: some of its classes, and some rows of each.
//!
//! A task takes `ways` classes in random order, which become its classes 0, 1, .., and of each `shots` support and `queries` query rows,
//! all different. With an upper number of shots beyond the lower one, each class of a task has its own number of support rows.

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use super::{Draw, Episodes, Shape, Split, TargetKind, choose};
use crate::check;
use crate::error::{Error, Result};
use crate::rng::{hash, rng};

/// Tasks from the classes of a table.
#[derive(Clone, Debug)]
pub struct ClassPool<'a, T> {
    x: MatRef<'a, T>,
    /// Row numbers, class after class.
    rows: Vec<u32>,
    /// Where each class begins in `rows`, and the end.
    starts: Vec<usize>,
    ways: usize,
    shots: (usize, usize),
    queries: usize,
    seed: u64,
}

impl<'a, T: Real> ClassPool<'a, T> {
    /// Tasks of `ways` of the classes `y` of the rows `x: n x d`, with `shots` support and `queries` query rows a class.
    ///
    /// # Errors
    /// If `x` is empty or not finite or `y` has another length; if there are no ways, shots or queries, or fewer classes than ways; if a
    /// class has fewer rows than a task takes.
    pub fn new(
        x: MatRef<'a, T>,
        y: &[u32],
        ways: usize,
        shots: usize,
        queries: usize,
        seed: u64,
    ) -> Result<Self> {
        check::matrix("x", x)?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        for (name, count) in [("ways", ways), ("shots", shots), ("queries", queries)] {
            check::setting(name, "at least 1", count as f64, count > 0)?;
        }
        let classes = y.iter().max().map_or(0, |&top| top as usize + 1);
        check::setting(
            "ways",
            "at most the number of classes",
            ways as f64,
            ways <= classes,
        )?;
        let mut rows: Vec<u32> = (0..y.len() as u32).collect();
        rows.sort_by_key(|&row| y[row as usize]);
        let before = |class| rows.partition_point(|&row| (y[row as usize] as usize) < class);
        let starts = (0..=classes).map(before).collect();
        let pool = Self {
            x,
            rows,
            starts,
            ways,
            shots: (shots, shots),
            queries,
            seed,
        };
        pool.check_rows()?;
        Ok(pool)
    }

    /// The same with the number of support rows of each class drawn from `shots ..= most`.
    ///
    /// # Errors
    /// If `most` is below `shots`, or a class has too few rows.
    pub fn with_most_shots(mut self, most: usize) -> Result<Self> {
        check::setting(
            "most shots",
            "at least shots",
            most as f64,
            most >= self.shots.0,
        )?;
        self.shots.1 = most;
        self.check_rows()?;
        Ok(self)
    }

    fn check_rows(&self) -> Result<()> {
        let needed = self.shots.1 + self.queries;
        for (class, ends) in self.starts.windows(2).enumerate() {
            let (class, found) = (class as u32, ends[1] - ends[0]);
            if found < needed {
                return Err(Error::FewRows {
                    class,
                    found,
                    needed,
                });
            }
        }
        Ok(())
    }

    /// Support rows of the task's class number `way`.
    fn shots_of(&self, task: u64, way: usize) -> usize {
        let (least, most) = self.shots;
        match most - least {
            0 => least,
            more => {
                let own = hash(&[task, way as u64]);
                least + rng(self.seed, "pool shots", own).below(more + 1)
            }
        }
    }

    /// Copies a row of the table.
    fn copy(&self, row: u32, to: &mut [T]) {
        let row = row as usize;
        to.iter_mut()
            .enumerate()
            .for_each(|(j, to)| *to = self.x.at(row, j));
    }
}

impl<T: Real> Episodes<T> for ClassPool<'_, T> {
    fn shape(&self) -> Shape {
        Shape {
            features: self.x.cols(),
            targets: TargetKind::Classes(self.ways),
        }
    }

    fn split(&self, task: u64) -> Split {
        Split {
            support: (0..self.ways).map(|way| self.shots_of(task, way)).sum(),
            query: self.ways * self.queries,
        }
    }

    fn draw(&self, task: u64, into: Draw<'_, T>) {
        let Draw {
            support,
            query,
            scratch,
        } = into;
        let d = self.x.cols();
        let mut stream = rng(self.seed, "pool", task);
        let classes = self.starts.len() - 1;
        // The query labels hold the chosen classes until their rows are drawn: from the last way on, none is overwritten too early.
        let chosen = choose(&mut stream, classes, self.ways, scratch);
        query.labels[..self.ways].copy_from_slice(chosen);
        let mut end = support.labels.len();
        for way in (0..self.ways).rev() {
            let class = query.labels[way] as usize;
            let rows = &self.rows[self.starts[class]..self.starts[class + 1]];
            let shots = self.shots_of(task, way);
            let chosen = choose(&mut stream, rows.len(), shots + self.queries, scratch);
            let places = (end - shots..end).zip(&chosen[..shots]);
            for (place, &i) in places {
                support.labels[place] = way as u32;
                self.copy(rows[i as usize], &mut support.x[place * d..][..d]);
            }
            let places = (way * self.queries..).zip(&chosen[shots..]);
            for (place, &i) in places {
                query.labels[place] = way as u32;
                self.copy(rows[i as usize], &mut query.x[place * d..][..d]);
            }
            end -= shots;
        }
    }
}
