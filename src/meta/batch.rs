//! The gradient of a meta-batch: tasks side by side, the same bits on any number of threads.
//!
//! The meta-vector is `[phi | learned rates]`. Tasks are taken in groups of up to eight: their first step starts from the same `phi`, so
//! that gradients there, and Hessian products on the way back, are made for a group at once ([`Tasks::start`]). Groups are dealt out to at
//! most 16 chunks by a formula of the number of tasks alone; each chunk sums the gradients of its tasks in their order, and the chunks are
//! summed in theirs: rounding does not see how many threads there were.
//!
//! A task whose gradient is not finite is left out of the mean, and counted.

use core::ops::Range;

use cognate_kernels::{Level, Real, axpy, dot, max_abs, scale};

use super::cut::{Cut, GROUP};
use super::implicit::{Implicit, Optimum};
use super::learner::{Learner, MetaGradient};
use super::tape::{Plan, Tape};
use super::tasks::{Gradients, Start, Tasks};
use super::unroll::{Back, Task};
use crate::parallel::{MAX_CHUNKS, for_each};
use crate::workspace::{Need, Work, cut_mut, whole_lines};

/// What a meta-batch says about itself; losses are means over the tasks used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BatchReport {
    /// Mean support loss at `phi`; 0 where no step is taken.
    pub support_loss: f64,
    /// Mean query loss after the inner steps, or the weighted sum of those on the way; for Reptile, which has no query set, 0.
    pub query_loss: f64,
    /// Tasks whose gradients were finite: those of the mean.
    pub used: usize,
    /// Tasks left out.
    pub skipped: usize,
    /// Tasks of [`MetaGradient::Implicit`] whose problems were not solved as well as was asked.
    pub unsolved: usize,
}

impl BatchReport {
    /// Adds sums to sums.
    fn add(&mut self, other: &Self) {
        self.support_loss += other.support_loss;
        self.query_loss += other.query_loss;
        self.used += other.used;
        self.skipped += other.skipped;
        self.unsolved += other.unsolved;
    }
}

/// Sizes of what one thread works in.
struct Sizes {
    /// Slots of a group.
    group: usize,
    params: usize,
    rates: usize,
    /// Whether the way back has directions of its own.
    directions: bool,
    start: Need,
    tape: Plan,
    implicit: usize,
    scratch: usize,
}

impl Sizes {
    fn of<T: Real, K: Tasks<T> + ?Sized>(learner: &Learner<'_>, tasks: &K) -> Self {
        let cut = Cut::of(tasks.count());
        let groups = (0..cut.chunks()).flat_map(|chunk| cut.groups(chunk));
        let needs = groups.map(|group| tasks.start_need(group));
        let start = needs.fold(Need::default(), Need::most);
        let (support, query) = tasks.most();
        let params = tasks.params();
        let unrolls = learner.unrolls();
        Self {
            group: cut.group,
            params,
            rates: learner.inner.learned_rates(),
            directions: learner.is_second() && !learner.inner.is_uniform(params),
            start,
            tape: match unrolls {
                true => Plan::new(learner, params, support, query),
                false => Plan::forward(learner, params, support),
            },
            implicit: match learner.gradient {
                MetaGradient::Implicit(_) => Implicit::need(params, support, query),
                _ => 0,
            },
            scratch: start.scratch.max(support.scratch).max(query.scratch),
        }
    }

    /// Values, first gradients (then products), gradients, directions, rates' gradients, points of the start, tape, implicit's slab.
    fn slabs(&self) -> [usize; 8] {
        let vectors = self.group * self.params;
        [
            self.group,
            vectors,
            vectors,
            if self.directions { vectors } else { 0 },
            self.group * self.rates,
            self.start.saved,
            self.tape.len(),
            self.implicit,
        ]
        .map(whole_lines)
    }

    fn each(&self) -> usize {
        self.slabs().iter().sum::<usize>() + whole_lines(self.scratch)
    }
}

/// A thread with its chunks, their sums, and what it works in.
#[derive(Default)]
struct Worker<'s, T> {
    first_chunk: usize,
    reports: &'s mut [BatchReport],
    sums: &'s mut [T],
    slab: &'s mut [T],
}

/// One meta-batch under work.
struct Run<'a, T, K: ?Sized> {
    learner: &'a Learner<'a>,
    tasks: &'a K,
    phi: &'a [T],
    rates: &'a [T],
    sizes: Sizes,
    level: Level,
}

impl Learner<'_> {
    /// Whether the gradient goes back through the steps.
    fn unrolls(&self) -> bool {
        matches!(
            self.gradient,
            MetaGradient::SecondOrder | MetaGradient::FirstOrder
        )
    }

    fn is_second(&self) -> bool {
        self.gradient == MetaGradient::SecondOrder && self.inner.steps > 0
    }

    /// Length of the meta-vector.
    pub fn len(&self, params: usize) -> usize {
        params + self.inner.learned_rates()
    }

    /// Scratch of [`Learner::gradient`] for such tasks on up to `threads` threads.
    pub fn need<T: Real, K: Tasks<T> + ?Sized>(&self, tasks: &K, threads: usize) -> Need {
        let chunks = Cut::of(tasks.count()).chunks();
        let each = Sizes::of(self, tasks).each();
        let sums = whole_lines(chunks * self.len(tasks.params()));
        Need::scratch(sums + threads.clamp(1, chunks.max(1)) * each)
    }

    /// The mean over the tasks of the gradient by `meta = [phi | learned rates]` into `grad`, of the same length; where no task is
    /// finite, 0.
    ///
    /// # Panics
    /// If a length does not fit, or the scratch is smaller than [`Learner::need`] says.
    #[track_caller]
    pub fn gradient<T: Real, K: Tasks<T> + ?Sized>(
        &self,
        tasks: &K,
        meta: &[T],
        grad: &mut [T],
        w: &mut Work<'_, T>,
    ) -> BatchReport {
        let len = self.len(tasks.params());
        assert_eq!((meta.len(), grad.len()), (len, len), "parameters and rates");
        let (phi, rates) = meta.split_at(tasks.params());
        let run = Run {
            learner: self,
            tasks,
            phi,
            rates,
            sizes: Sizes::of(self, tasks),
            level: w.level(),
        };
        let mut report = run.sum(grad, w);
        if report.used > 0 {
            let share = 1.0 / report.used as f64;
            scale(w.level(), T::from_f64(share), grad);
            report.support_loss *= share;
            report.query_loss *= share;
        }
        report
    }
}

impl<T: Real, K: Tasks<T> + ?Sized> Run<'_, T, K> {
    /// The sums over all tasks.
    fn sum(&self, grad: &mut [T], w: &mut Work<'_, T>) -> BatchReport {
        let (cut, len) = (Cut::of(self.tasks.count()), grad.len());
        let chunks = cut.chunks();
        let threads = w.threads().clamp(1, chunks.max(1));
        let share = chunks.div_ceil(threads).max(1);
        let ([sums], mut slabs) = cut_mut(w.scratch(), [whole_lines(chunks * len)]);
        let sums = &mut sums[..chunks * len];
        sums.fill(T::ZERO);
        let mut reports = [BatchReport::default(); MAX_CHUNKS];
        let mut workers: [Worker<'_, T>; MAX_CHUNKS] = Default::default();
        let each = self.sizes.each();
        let pieces = reports[..chunks].chunks_mut(share);
        let pieces = pieces.zip(sums.chunks_mut((share * len).max(1)));
        let mut count = 0;
        for (worker, (reports, sums)) in workers.iter_mut().zip(pieces) {
            worker.first_chunk = count * share;
            (worker.reports, worker.sums) = (reports, sums);
            ([worker.slab], slabs) = cut_mut(slabs, [each]);
            count += 1;
        }
        for_each(threads, &mut workers[..count], |worker| {
            let chunks = worker.sums.chunks_mut(len.max(1)).zip(&mut *worker.reports);
            for (i, (sum, report)) in chunks.enumerate() {
                for group in cut.groups(worker.first_chunk + i) {
                    self.group(group, sum, report, worker.slab);
                }
            }
        });
        grad.fill(T::ZERO);
        let mut report = BatchReport::default();
        for (sum, part) in sums.chunks(len.max(1)).zip(&reports) {
            axpy(self.level, T::ONE, sum, grad);
            report.add(part);
        }
        report
    }

    /// The gradients of a group of tasks, added to `sum`.
    fn group(&self, tasks: Range<usize>, sum: &mut [T], report: &mut BatchReport, slab: &mut [T]) {
        let (n, second) = (self.phi.len(), self.learner.is_second());
        let (slabs, scratch) = cut_mut(slab, self.sizes.slabs());
        let [
            values,
            firsts,
            lambdas,
            directions,
            rates,
            saved,
            tape,
            implicit,
        ] = slabs;
        let w = &mut Work::new(self.level, scratch);
        let steps = self.learner.inner.steps > 0;
        if steps {
            let into = Gradients {
                values: &mut *values,
                g: &mut *firsts,
            };
            self.tasks.start(tasks.clone(), self.phi, into, saved, w);
        } else {
            values.fill(T::ZERO);
        }
        let mut losses = [T::ZERO; GROUP];
        for (i, task) in tasks.clone().enumerate() {
            let own = i * n..(i + 1) * n;
            let back = Back {
                lambda: &mut lambdas[own.clone()],
                direction: match directions.is_empty() {
                    true => &mut [],
                    false => &mut directions[own.clone()],
                },
                rates: &mut rates[i * self.sizes.rates..][..self.sizes.rates],
            };
            let slabs = (&mut *tape, &mut *implicit);
            losses[i] = self.task(task, &firsts[own], back, slabs, report, w);
        }
        let (count, len) = (tasks.len(), tasks.len() * n);
        if second {
            let products = &mut firsts[..len];
            let (v, factor) = match self.learner.inner.uniform_rate(0, n, self.rates) {
                Some(rate) => (&lambdas[..len], -rate),
                None => (&directions[..len], T::ONE),
            };
            let at = Start {
                phi: self.phi,
                saved,
            };
            self.tasks.start_products(tasks, at, v, products, w);
            axpy(self.level, factor, products, &mut lambdas[..len]);
        }
        for i in 0..count {
            let lambda = &lambdas[i * n..(i + 1) * n];
            let rates = &rates[i * self.sizes.rates..][..self.sizes.rates];
            self.add(lambda, rates, (values[i], losses[i]), sum, report);
        }
    }

    /// One task: its gradient, but for the Hessian product of step 0; returns its query loss.
    fn task(
        &self,
        task: usize,
        first: &[T],
        back: Back<'_, T>,
        (tape, implicit): (&mut [T], &mut [T]),
        report: &mut BatchReport,
        w: &mut Work<'_, T>,
    ) -> T {
        let steps = self.learner.inner.steps;
        let tape = &mut Tape::new(&self.sizes.tape, tape);
        let task = Task {
            learner: self.learner,
            phi: self.phi,
            rates: self.rates,
            support: self.tasks.support(task),
            query: self.tasks.query(task),
            first,
        };
        task.walk(steps, tape, w);
        let end = tape.theta(self.phi, steps);
        match &self.learner.gradient {
            MetaGradient::SecondOrder | MetaGradient::FirstOrder => task.back(tape, back, w),
            MetaGradient::Reptile => {
                back.rates.fill(T::ZERO);
                back.lambda.copy_from_slice(self.phi);
                axpy(self.level, -T::ONE, end, back.lambda);
                T::ZERO
            }
            MetaGradient::Implicit(settings) => {
                back.rates.fill(T::ZERO);
                let at = Optimum {
                    inner: &self.learner.inner,
                    support: task.support,
                    query: task.query,
                    start: self.phi,
                    end,
                };
                let solved = settings.gradient(&at, back.lambda, implicit, w);
                report.unsolved += usize::from(!solved.converged);
                solved.query_loss
            }
        }
    }

    /// Adds a task's gradient, if it is finite.
    fn add(
        &self,
        lambda: &[T],
        rates: &[T],
        (support, query): (T, T),
        sum: &mut [T],
        report: &mut BatchReport,
    ) {
        // Squares overflow first, but are the faster look.
        let finite =
            |x: &[T]| dot(self.level, x, x).is_finite() || max_abs(self.level, x).is_finite();
        if !(finite(lambda) && finite(rates) && query.is_finite() && support.is_finite()) {
            report.skipped += 1;
            return;
        }
        let (of_phi, of_rates) = sum.split_at_mut(lambda.len());
        axpy(self.level, T::ONE, lambda, of_phi);
        axpy(self.level, T::ONE, rates, of_rates);
        if !self.learner.inner.learns_start {
            for span in self.learner.inner.adapts {
                span.of_mut(of_phi).fill(T::ZERO);
            }
        }
        report.used += 1;
        report.support_loss += support.to_f64();
        report.query_loss += query.to_f64();
    }
}
