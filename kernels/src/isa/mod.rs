//! Instruction sets: a [`Level`] is a value that proves that its instructions exist on this machine.

/// The instruction set that kernels run on. Only levels that this machine has can be made, so a `Level` is proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Scalar,
}

impl Level {
    /// The widest level that this machine has. Costs a few hundred nanoseconds (CPUID): ask once and keep it.
    pub fn detect() -> Self {
        Self(Kind::Scalar)
    }

    /// The array model: plain loops, on every machine.
    pub fn scalar() -> Self {
        Self(Kind::Scalar)
    }

    /// The level called `name` (`scalar`, `avx2`, `avx512`, `neon`, `simd128`), if this machine has it.
    pub fn by_name(name: &str) -> Option<Self> {
        (name == "scalar").then(Self::scalar)
    }

    /// The level's name, as [`Level::by_name`] takes it.
    pub fn name(self) -> &'static str {
        "scalar"
    }
}
