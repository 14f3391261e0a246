//! [`Level`]: which instruction set to run on, found out once.

use super::model::Model;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::simd128::Simd128;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};

/// The instruction set that kernels run on. Only levels that this machine has can be made, so a `Level` is proof. Wider ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Kind);

/// The tokens that a level may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Model(Model<1>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(Simd128),
}

impl Level {
    /// The widest level that this machine has. Costs a few hundred nanoseconds (CPUID): ask once and keep it.
    pub fn detect() -> Self {
        Self::all_available().max().unwrap_or(Self::scalar())
    }

    /// The array model: plain loops, on every machine. Fused where the hardware has a fused multiply-add.
    pub fn scalar() -> Self {
        Self(Kind::Model(Model::detect()))
    }

    /// Every level that this machine has, from the narrowest to the widest.
    pub fn all_available() -> impl Iterator<Item = Self> {
        let scalar = Some(Self::scalar());
        #[cfg(target_arch = "x86_64")]
        let vector = [
            Avx2::detect().map(Kind::Avx2).map(Self),
            Avx512::detect().map(Kind::Avx512).map(Self),
        ];
        #[cfg(target_arch = "aarch64")]
        let vector = [Neon::detect().map(Kind::Neon).map(Self)];
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        let vector = [Simd128::detect().map(Kind::Simd128).map(Self)];
        #[cfg(not(any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            all(target_arch = "wasm32", target_feature = "simd128")
        )))]
        let vector = [None];
        scalar.into_iter().chain(vector.into_iter().flatten())
    }

    /// The level called `name` (`scalar`, `avx2`, `avx512`, `neon`, `simd128`), if this machine has it.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all_available().find(|level| level.name() == name)
    }

    /// The level's name, as [`Level::by_name`] takes it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Model(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Kind::Simd128(_) => "simd128",
        }
    }

    #[inline(always)]
    pub(crate) fn kind(self) -> Kind {
        self.0
    }
}

/// What CPUID and the operating system say (Intel SDM vol. 1, 14.3 and 15.2; AMD APM vol. 3, appendix E).
#[cfg(target_arch = "x86_64")]
pub(super) mod cpu {
    use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

    /// Bit `n` of `word`.
    fn bit(word: u32, n: u32) -> bool {
        word >> n & 1 == 1
    }

    /// Whether the operating system keeps the registers whose bits are set in `state` (XCR0) across a task switch.
    fn keeps(state: u64) -> bool {
        #[target_feature(enable = "xsave")]
        fn xcr0() -> u64 {
            // SAFETY: OSXSAVE, asked below, says that XGETBV exists and that register 0 does.
            unsafe { _xgetbv(0) }
        }
        // SAFETY: xcr0 runs only where CPUID says OSXSAVE.
        bit(leaf_1(), 27) && unsafe { xcr0() } & state == state
    }

    /// ECX of CPUID leaf 1.
    #[allow(unused_unsafe)] // safe since Rust 1.94
    fn leaf_1() -> u32 {
        // SAFETY: every x86_64 has CPUID.
        unsafe { __cpuid(1).ecx }
    }

    /// EBX of CPUID leaf 7, or 0 where there is no such leaf.
    #[allow(unused_unsafe)]
    fn leaf_7() -> u32 {
        // SAFETY: every x86_64 has CPUID; leaf 0 says how many leaves there are.
        unsafe {
            if __cpuid(0).eax < 7 {
                return 0;
            }
            __cpuid_count(7, 0).ebx
        }
    }

    /// AVX and FMA, 256-bit registers kept.
    pub fn fma() -> bool {
        let word = leaf_1();
        bit(word, 28) && bit(word, 12) && keeps(0b110)
    }

    /// The above and AVX2.
    pub fn avx2() -> bool {
        fma() && bit(leaf_7(), 5)
    }

    /// The above and AVX-512 F, DQ and VL, 512-bit and mask registers kept.
    pub fn avx512() -> bool {
        let word = leaf_7();
        avx2() && bit(word, 16) && bit(word, 17) && bit(word, 31) && keeps(0b1110_0110)
    }
}
