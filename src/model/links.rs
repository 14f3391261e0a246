//! Maps from rows of features to rows of links: what linear models and networks have in common.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use crate::check;
use crate::error::Result;
use crate::workspace::{Need, Work, Workspace};

/// Rows that pass through a map at once.
pub(crate) const BLOCK: usize = 64;

/// A map from features to links, the numbers of which a loss is made.
pub trait Links {
    /// The type of all numbers.
    type Number: Real;

    /// Number of features, `d`.
    fn features(&self) -> usize;

    /// Number of links, `k`.
    fn outputs(&self) -> usize;

    /// Scratch for up to `rows` rows.
    fn need(&self, rows: usize) -> Need;

    /// The links of `x: n x d` into `z: n x k`.
    ///
    /// # Panics
    /// If a shape does not fit, or the scratch is not [`Links::need`].
    fn links_into(
        &self,
        x: MatRef<'_, Self::Number>,
        z: MatMut<'_, Self::Number>,
        w: &mut Work<'_, Self::Number>,
    );
}

/// Checks `x` and gives its links, row-major, in memory of its own.
pub(crate) fn predict<M: Links>(map: &M, x: MatRef<'_, M::Number>) -> Result<Vec<M::Number>> {
    check::finite("x", x)?;
    let (n, k) = (x.rows(), map.outputs());
    let mut z = vec![M::Number::ZERO; n * k];
    let mut workspace = Workspace::new(map.need(BLOCK));
    let into = MatMut::planned(&mut z, n, k);
    predict_into(map, x, into, &mut workspace.slabs().work)?;
    Ok(z)
}

/// The links of `x`, block by block, with scratch for one block.
pub(crate) fn predict_into<M: Links>(
    map: &M,
    x: MatRef<'_, M::Number>,
    z: MatMut<'_, M::Number>,
    w: &mut Work<'_, M::Number>,
) -> Result<()> {
    check::shape("x", (x.rows(), x.cols()), (x.rows(), map.features()))?;
    check::shape("z", (z.rows(), z.cols()), (x.rows(), map.outputs()))?;
    let (mut x, mut z) = (x, z);
    while x.rows() > 0 {
        let rows = BLOCK.min(x.rows());
        let ((block, more), (links, room)) = (x.split_rows(rows), z.split_rows(rows));
        map.links_into(block, links, w);
        (x, z) = (more, room);
    }
    Ok(())
}
