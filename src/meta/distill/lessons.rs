//! One student, several teachers: a task's outputs stand in their own columns, with a lesson of their own.
//!
//! ```text
//! l(z, y) = sum_t w_t l_t(z_t, [v_t, y_t])
//! ```
//! The body below is shared, so the student learns all tasks together from teachers that each learned one (BAM: Clark, Luong, Khandelwal,
//! Manning and Le 2019). There `alpha` rises from 0 to 1 as training goes on, from the teachers to the truth: [`Annealing`].

use cognate_kernels::{MatMut, MatRef, Real};

use super::answers::Answers;
use super::{Matched, Softened, SoftenedLogistic};
#[cfg(feature = "alloc")]
use crate::check;
#[cfg(feature = "alloc")]
use crate::error::Result;
use crate::loss::{Loss, Targets};
use crate::workspace::{Need, Work};

/// How a task is taught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lesson {
    /// A logit a class.
    Classes(Softened),
    /// Logits by themselves.
    Logits(SoftenedLogistic),
    /// Numbers.
    Numbers(Matched),
}

/// One task of a student.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pupil {
    /// Its outputs.
    pub outputs: usize,
    /// How it is taught.
    pub lesson: Lesson,
    /// Its weight among the tasks.
    pub weight: f64,
}

/// The tasks of a student, in the order of their columns; targets have, task after task, the teacher's links and the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lessons<'a>(pub &'a [Pupil]);

/// The rise of `alpha` over training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annealing {
    /// Steps from the teacher alone to the truth alone.
    pub steps: u64,
}

impl Annealing {
    /// `alpha` at step `t`, from 0.
    pub fn alpha(&self, t: u64) -> f64 {
        if t >= self.steps {
            return 1.0;
        }
        t as f64 / self.steps as f64
    }
}

impl Lesson {
    /// The same lesson with another part of the truth.
    pub fn with_alpha(self, alpha: f64) -> Self {
        match self {
            Self::Classes(lesson) => Self::Classes(Softened { alpha, ..lesson }),
            Self::Logits(lesson) => Self::Logits(SoftenedLogistic { alpha, ..lesson }),
            Self::Numbers(_) => Self::Numbers(Matched { alpha }),
        }
    }

    /// Numbers of targets a row, for a number of outputs.
    pub fn cells(&self, outputs: usize) -> usize {
        match self {
            Self::Classes(_) => outputs + Softened::TRUTHS,
            _ => 2 * outputs,
        }
    }

    /// `alpha` is a part, a temperature is above 0.
    #[cfg(feature = "alloc")]
    pub(super) fn check(&self) -> Result<()> {
        let (temperature, alpha) = match *self {
            Self::Classes(Softened { temperature, alpha })
            | Self::Logits(SoftenedLogistic { temperature, alpha }) => (temperature, alpha),
            Self::Numbers(Matched { alpha }) => (1.0, alpha),
        };
        let part = (0.0..=1.0).contains(&alpha);
        check::setting("alpha", "in [0, 1]", alpha, part)?;
        check::setting("temperature", "above 0", temperature, temperature > 0.0)
    }

    fn need(&self, rows: usize, outputs: usize) -> Need {
        match self {
            Self::Classes(_) => Softened::need_of(rows, outputs),
            Self::Logits(_) => SoftenedLogistic::need_of(rows, outputs),
            Self::Numbers(_) => Need::default(),
        }
    }

    fn value_grad<T: Real>(
        &self,
        z: MatRef<'_, T>,
        y: Answers<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> f64 {
        match self {
            Self::Classes(lesson) => lesson.value_grad_of(z, y, scale, dz, saved, w),
            Self::Logits(lesson) => lesson.value_grad_of(z, y, scale, dz, saved, w),
            Self::Numbers(lesson) => lesson.value_grad_of(z, y, scale, dz),
        }
    }

    fn hvp<T: Real>(
        &self,
        y: Answers<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
    ) {
        match self {
            Self::Classes(lesson) => lesson.hvp_of(y, scale, saved, rz, rdz),
            Self::Logits(lesson) => lesson.hvp_of(y, scale, saved, rz, rdz),
            Self::Numbers(lesson) => lesson.hvp_of(y, scale, rz, rdz),
        }
    }
}

/// Where a task's part of everything begins.
#[derive(Clone, Copy, Default)]
struct Place {
    output: usize,
    cell: usize,
    saved: usize,
}

impl<'a> Lessons<'a> {
    /// Outputs of all tasks, and cells of a row of targets.
    pub fn width(&self) -> (usize, usize) {
        let sum = |(outputs, cells), pupil: &Pupil| {
            (
                outputs + pupil.outputs,
                cells + pupil.lesson.cells(pupil.outputs),
            )
        };
        self.0.iter().fold((0, 0), sum)
    }

    /// The tasks with their places, for so many rows.
    fn placed(&self, rows: usize) -> impl Iterator<Item = (Place, &'a Pupil)> {
        self.0.iter().scan(Place::default(), move |next, pupil| {
            let here = *next;
            next.output += pupil.outputs;
            next.cell += pupil.lesson.cells(pupil.outputs);
            next.saved += pupil.lesson.need(rows, pupil.outputs).saved;
            Some((here, pupil))
        })
    }

    #[track_caller]
    fn check<T: Real>(&self, z: MatRef<'_, T>, y: &Targets<'_, T>) {
        let (outputs, cells) = self.width();
        assert_eq!(z.cols(), outputs, "outputs of all tasks");
        assert_eq!(y.shape(), (z.rows(), cells), "targets against outputs");
    }
}

impl<T: Real> Loss<T> for Lessons<'_> {
    fn need(&self, rows: usize, _outputs: usize) -> Need {
        let needs = self
            .0
            .iter()
            .map(|pupil| pupil.lesson.need(rows, pupil.outputs));
        needs.fold(Need::default(), Need::then)
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        mut dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        self.check(z, y);
        let mut total = 0.0;
        for (place, pupil) in self.placed(z.rows()) {
            let columns = place.output..place.output + pupil.outputs;
            let mine = dz.as_mut().map(|dz| columns_of(dz, columns.clone()));
            let answers = Answers::new(y, place.cell, pupil.outputs);
            let (z, scale) = (z.cols_range(columns), scale * T::from_f64(pupil.weight));
            let saved = &mut saved[place.saved..];
            total += pupil.weight * pupil.lesson.value_grad(z, answers, scale, mine, saved, w);
        }
        T::from_f64(scale.to_f64() * total)
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
        _w: &mut Work<'_, T>,
    ) {
        self.check(z, y);
        for (place, pupil) in self.placed(z.rows()) {
            let columns = place.output..place.output + pupil.outputs;
            let answers = Answers::new(y, place.cell, pupil.outputs);
            let (rz, scale) = (
                rz.cols_range(columns.clone()),
                scale * T::from_f64(pupil.weight),
            );
            let mine = columns_of(&mut rdz, columns);
            pupil
                .lesson
                .hvp(answers, scale, &saved[place.saved..], rz, mine);
        }
    }
}

/// Columns of a writable matrix.
fn columns_of<'m, T: Real>(
    m: &'m mut MatMut<'_, T>,
    columns: core::ops::Range<usize>,
) -> MatMut<'m, T> {
    let (_, rest) = m.rb_mut().split_cols(columns.start);
    rest.split_cols(columns.len()).0
}
