//! Episodes out of a labelled table: some of its classes, and some rows of each.
//!
//! A task takes `ways` classes in random order, which become its classes 0, 1, .., and of each `shots` support and `queries` query rows,
//! all different. With an upper number of shots beyond the lower one, each class of a task has its own number of support rows.
//!
//! Where the table has tasks with classes of their own ([`ClassPool::of_tasks`]), an episode takes one of them first, and its rows are dealt
//! out to the chosen classes in turn, while they have some. A task that has just as many classes as ways has nothing to choose: they keep
//! their order.

use alloc::{string::ToString, vec::Vec};

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
    /// Where each pool's classes begin in `starts`, and the end.
    pools: Vec<usize>,
    ways: usize,
    counts: Counts,
    seed: u64,
}

/// How many rows a class of a task has.
#[derive(Clone, Copy, Debug)]
enum Counts {
    /// From the first number of shots to the second, and so many queries.
    Each {
        shots: (usize, usize),
        queries: usize,
    },
    /// What so many rows of the task come to, dealt out in turn while a class has some.
    Dealt(Split),
}

/// Rows dealt out in turn to classes of some sizes.
#[derive(Clone, Copy, Debug, Default)]
struct Deal {
    /// Rounds in which every class that still has a row gets one.
    rounds: usize,
    /// Rows of one more round, which the first classes get that still have one.
    left: usize,
}

impl Deal {
    fn new(sizes: impl Iterator<Item = usize> + Clone, rows: usize) -> Self {
        let mut deal = Self {
            rounds: 0,
            left: rows,
        };
        loop {
            let giving = sizes.clone().filter(|&size| size > deal.rounds).count();
            if giving == 0 || giving > deal.left {
                return deal;
            }
            deal.left -= giving;
            deal.rounds += 1;
        }
    }

    /// Rows of a class of `size` rows that stands behind those of the sizes `before`.
    fn of(&self, size: usize, before: impl Iterator<Item = usize>) -> usize {
        let more = |size: usize| size > self.rounds;
        let one_more = more(size) && before.filter(|&size| more(size)).count() < self.left;
        size.min(self.rounds) + usize::from(one_more)
    }
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
            pools: [0, classes].to_vec(),
            ways,
            counts: Counts::Each {
                shots: (shots, shots),
                queries,
            },
            seed,
        };
        pool.check_rows()?;
        Ok(pool)
    }

    /// Tasks of `ways` of the classes that one of the table's `tasks` (row i belongs to number `tasks[i]`) has among the classes `y`, with
    /// the rows of `split` in all.
    ///
    /// # Errors
    /// If `x` is empty or not finite or a length differs; if there are no ways or queries, or fewer shots than ways; [`Error::Task`] naming a
    /// task, by its number, that has fewer classes than ways, or so many with fewer rows than an episode takes.
    pub fn of_tasks(
        x: MatRef<'a, T>,
        (y, tasks): (&[u32], &[u32]),
        ways: usize,
        split: Split,
        seed: u64,
    ) -> Result<Self> {
        check::matrix("x", x)?;
        check::shape("y", (y.len(), 1), (x.rows(), 1))?;
        check::shape("tasks", (tasks.len(), 1), (x.rows(), 1))?;
        let (shots, queries) = (split.support, split.query);
        check::setting("ways", "at least 2", ways as f64, ways >= 2)?;
        check::setting("shots", "at least ways", shots as f64, shots >= ways)?;
        check::setting("queries", "at least 1", queries as f64, queries > 0)?;
        let key = |row: u32| (tasks[row as usize], y[row as usize]);
        let mut rows: Vec<u32> = (0..y.len() as u32).collect();
        rows.sort_by_key(|&row| key(row));
        let (mut starts, mut pools) = (Vec::new(), Vec::new());
        for (place, &row) in rows.iter().enumerate() {
            let before = place.checked_sub(1).map(|p| key(rows[p]));
            if before.is_none_or(|(task, _)| task != key(row).0) {
                pools.push(starts.len());
            }
            if before != Some(key(row)) {
                starts.push(place);
            }
        }
        pools.push(starts.len());
        starts.push(rows.len());
        let pool = Self {
            x,
            rows,
            starts,
            pools,
            ways,
            counts: Counts::Dealt(split),
            seed,
        };
        pool.check_tasks(tasks, split)?;
        Ok(pool)
    }

    /// Every pool has the classes, and whichever of them the rows, that an episode takes.
    fn check_tasks(&self, tasks: &[u32], split: Split) -> Result<()> {
        for ends in self.pools.windows(2) {
            let classes = &self.starts[ends[0]..=ends[1]];
            let fault = |problem| {
                let task = tasks[self.rows[classes[0]] as usize];
                Err(Error::task(&task.to_string(), problem))
            };
            if ends[1] - ends[0] < self.ways {
                return fault("has fewer classes than ways");
            }
            let mut sizes: Vec<usize> = classes.windows(2).map(|c| c[1] - c[0]).collect();
            sizes.sort_unstable();
            if sizes[..self.ways].iter().sum::<usize>() < split.support + split.query {
                return fault("has as many classes with fewer rows than an episode takes");
            }
        }
        Ok(())
    }

    /// The same with the number of support rows of each class drawn from `shots ..= most`.
    ///
    /// # Errors
    /// If `most` is below `shots`, a class has too few rows, or rows are dealt out.
    pub fn with_most_shots(mut self, most: usize) -> Result<Self> {
        let Counts::Each {
            shots: (least, _),
            queries,
        } = self.counts
        else {
            return Err(Error::Setting {
                name: "most shots",
                must: "left out where rows are dealt out",
                found: most as f64,
            });
        };
        check::setting("most shots", "at least shots", most as f64, most >= least)?;
        self.counts = Counts::Each {
            shots: (least, most),
            queries,
        };
        self.check_rows()?;
        Ok(self)
    }

    fn check_rows(&self) -> Result<()> {
        let Counts::Each { shots, queries } = self.counts else {
            return Ok(());
        };
        let needed = shots.1 + queries;
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

    /// Support rows of the task's class number `way`, from so many to so many.
    fn shots_of(&self, task: u64, way: usize, (least, most): (usize, usize)) -> usize {
        match most - least {
            0 => least,
            more => {
                let own = hash(&[task, way as u64]);
                least + rng(self.seed, "pool shots", own).below(more + 1)
            }
        }
    }

    /// Rows of a class.
    fn size(&self, class: usize) -> usize {
        self.starts[class + 1] - self.starts[class]
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
        match self.counts {
            Counts::Dealt(split) => split,
            Counts::Each { shots, queries } => Split {
                support: (0..self.ways)
                    .map(|way| self.shots_of(task, way, shots))
                    .sum(),
                query: self.ways * queries,
            },
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
        let pool = match self.pools.len() {
            2 => 0,
            ends => stream.below(ends - 1),
        };
        let first = self.pools[pool];
        let classes = self.pools[pool + 1] - first;
        // The support labels hold the chosen classes until their rows are drawn: from the last way on, none is overwritten too early, as
        // every way before has a row.
        let drawn = match (self.counts, classes == self.ways) {
            // In order: nothing is drawn.
            (Counts::Dealt(_), true) => 0,
            _ => self.ways,
        };
        choose(&mut stream, classes, drawn, scratch);
        support.labels[..self.ways].copy_from_slice(&scratch[..self.ways]);
        let size = |class: &u32| self.size(first + *class as usize);
        let deals = match self.counts {
            Counts::Each { .. } => [Deal::default(); 2],
            Counts::Dealt(split) => [split.support, split.support + split.query]
                .map(|rows| Deal::new(support.labels[..self.ways].iter().map(size), rows)),
        };
        let (mut end, mut query_end) = (support.labels.len(), query.labels.len());
        for way in (0..self.ways).rev() {
            let class = first + support.labels[way] as usize;
            let rows = &self.rows[self.starts[class]..self.starts[class + 1]];
            let (shots, queries) = match self.counts {
                Counts::Each { shots, queries } => (self.shots_of(task, way, shots), queries),
                Counts::Dealt(_) => {
                    let before = || support.labels[..way].iter().map(size);
                    let [shots, all] = deals.map(|deal| deal.of(rows.len(), before()));
                    (shots, all - shots)
                }
            };
            let chosen = choose(&mut stream, rows.len(), shots + queries, scratch);
            let places = (end - shots..end).zip(&chosen[..shots]);
            for (place, &i) in places {
                support.labels[place] = way as u32;
                self.copy(rows[i as usize], &mut support.x[place * d..][..d]);
            }
            let places = (query_end - queries..query_end).zip(&chosen[shots..]);
            for (place, &i) in places {
                query.labels[place] = way as u32;
                self.copy(rows[i as usize], &mut query.x[place * d..][..d]);
            }
            (end, query_end) = (end - shots, query_end - queries);
        }
    }
}
