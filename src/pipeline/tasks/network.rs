//! Networks of several tasks in files.

use alloc::{format, vec};

use cognate_kernels::Real;

use crate::error::Result;
use crate::io::{Writer, read_parameters};
use crate::mtl::net::{Architecture, Outline, Output, TaskNetwork};
use crate::pipeline::file::{Meta, read_hidden};
use crate::pipeline::model::{activation_name, activation_named};

/// The widths of the hidden layers, their activation, and the parameters by name.
pub(super) fn write_network<T: Real>(file: Writer, network: &TaskNetwork<T>) -> Writer {
    let outline = network.outline();
    file.text("hidden", &format!("{:?}", outline.hidden))
        .text("activation", activation_name(outline.activation))
        .parameters(network.layout(), network.params())
}

/// Finds the network whose architecture is called `method`.
pub(super) fn read_network<T: Real>(
    meta: &Meta<'_, '_, '_>,
    method: &str,
    heads: &[Output],
    features: usize,
) -> Result<TaskNetwork<T>> {
    let Some(architecture) = Architecture::named(method, heads.len()) else {
        return meta.bad("the model file names an architecture that this version does not know");
    };
    let Some(activation) = activation_named(&meta.text("activation")?) else {
        return meta.bad("the model file names an unknown activation");
    };
    let hidden = read_hidden(meta, features)?;
    let outline = Outline {
        features,
        hidden: &hidden,
        activation,
        outputs: heads,
    };
    let built = architecture.build::<T>(&outline, 0)?;
    let layout = built.layout.view();
    let mut params = vec![T::ZERO; layout.len()];
    read_parameters(meta.0, layout, &mut params)?;
    TaskNetwork::new(&architecture, &outline, params)
}
