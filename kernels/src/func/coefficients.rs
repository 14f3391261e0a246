//! Coefficients, lowest order first, and ends of ranges. Made by `kernels/tools/coefficients.py`; do not edit.

/// The polynomials of one element type.
pub trait Table: Sized + 'static {
    /// The high bits of ln 2: its product with an exponent is exact.
    const LN2_HI: Self;
    /// ln 2 - LN2_HI.
    const LN2_LO: Self;
    /// From here down e^x rounds to 0.
    const EXP_MIN: Self;
    /// From here up e^x overflows.
    const EXP_MAX: Self;
    /// From here on tanh rounds to 1.
    const TANH_END: Self;
    /// From here on erf rounds to 1.
    const ERF_END: Self;
    /// The first coefficient of erf's polynomial is `ERF_HI + ERF[0]`.
    const ERF_HI: Self;
    /// Stored bits of a fraction.
    const MANTISSA_BITS: Self;
    /// `(e^r - 1 - r) / r^2 for |r| <= ln(2)/2`.
    const EXP: &'static [Self];
    /// `2 (atanh(s)/s - 1) / z with z = s^2, s = f / (2 + f), sqrt(1/2) <= 1 + f <= sqrt(2)`.
    const LN: &'static [Self];
    /// `-ln(1 - erf x) / x for 0 <= x <= ERF_END`.
    const ERF: &'static [Self];
}

#[allow(clippy::approx_constant)] // a coefficient may round to a named number
impl Table for f32 {
    const LN2_HI: f32 = 0.69314575;
    const LN2_LO: f32 = 1.4286068e-06;
    const EXP_MIN: f32 = -104.0;
    const EXP_MAX: f32 = 89.0;
    const TANH_END: f32 = 10.0;
    const ERF_END: f32 = 4.0;
    const MANTISSA_BITS: f32 = 23.0;
    /// Relative error 2^-28.0.
    const EXP: &'static [f32] = &[
        0.49999994,
        0.16666521,
        0.041668385,
        0.0083687175,
        0.0013814839,
    ];
    /// Relative error 2^-30.0.
    const LN: &'static [f32] = &[0.66666776, 0.399775, 0.29872984];
    const ERF_HI: f32 = 1.1283792;
    /// Relative error 2^-27.0.
    const ERF: &'static [f32] = &[
        -5.9102625e-08,
        0.6366198,
        0.102771275,
        -0.019117696,
        -0.00025305612,
        0.0017993475,
        -0.00074068113,
        0.00016747895,
        -2.1354155e-05,
        1.1932605e-06,
    ];
}

#[allow(clippy::approx_constant)] // a coefficient may round to a named number
impl Table for f64 {
    const LN2_HI: f64 = 0.6931471805601177;
    const LN2_LO: f64 = -1.7239444525614835e-13;
    const EXP_MIN: f64 = -746.0;
    const EXP_MAX: f64 = 710.0;
    const TANH_END: f64 = 20.0;
    const ERF_END: f64 = 6.0;
    const MANTISSA_BITS: f64 = 52.0;
    /// Relative error 2^-56.3.
    const EXP: &'static [f64] = &[
        0.5000000000000011,
        0.16666666666666413,
        0.041666666666530135,
        0.008333333333494045,
        0.0013888888943635437,
        0.00019841269507497135,
        2.480149309325772e-05,
        2.7557585558961194e-06,
        2.763025045606736e-07,
        2.5000315205753763e-08,
    ];
    /// Relative error 2^-59.1.
    const LN: &'static [f64] = &[
        0.6666666666666735,
        0.3999999999941114,
        0.28571428743259575,
        0.22222198475691302,
        0.18183569780281886,
        0.1531390170173742,
        0.14797527202229668,
    ];
    const ERF_HI: f64 = 1.1283791670955126;
    /// Relative error 2^-57.1.
    const ERF: &'static [f64] = &[
        9.752776086508116e-18,
        0.6366197723675836,
        0.10277260330178876,
        -0.01912844700506991,
        -0.0002091946948525842,
        0.0016962063858492618,
        -0.0005901255535368544,
        2.5878606930239863e-05,
        6.449185309078255e-05,
        -2.9724029374974667e-05,
        3.4072378792383886e-06,
        2.83517561220141e-06,
        -1.7415834030119402e-06,
        3.3639387559773584e-07,
        1.3716297326593717e-07,
        -1.4175187168342779e-07,
        6.572924353337759e-08,
        -2.0961232911478638e-08,
        4.997331806823767e-09,
        -9.081471474042717e-10,
        1.248294086193998e-10,
        -1.2609706680452952e-11,
        8.844583482538205e-13,
        -3.850060087136099e-14,
        7.833171110171513e-16,
    ];
}
