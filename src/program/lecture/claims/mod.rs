//! The claims of the lecture, one file each.

mod c01;
mod c02;
mod c03;
mod c04;
mod c05;
mod c06;
mod c07;
mod c08;
mod c09;
mod c09_data;
mod c10;
mod c11;
mod c12;
mod c13;
mod c14;
mod c15;
mod c16;
mod c17;
mod c17_data;
mod c18;
mod flow;
mod product;
mod sweep;

use super::claim::Claim;

/// All claims in the lecture's order.
pub(super) const ALL: &[Claim] = &[
    c01::CLAIM,
    c02::CLAIM,
    c03::CLAIM,
    c04::CLAIM,
    c05::CLAIM,
    c06::CLAIM,
    c07::CLAIM,
    c08::CLAIM,
    c09::CLAIM,
    c10::CLAIM,
    c11::CLAIM,
    c12::CLAIM,
    c13::CLAIM,
    c14::CLAIM,
    c15::CLAIM,
    c16::CLAIM,
    c17::CLAIM,
    c18::CLAIM,
];
