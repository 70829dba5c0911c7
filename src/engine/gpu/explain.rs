//! The lowering in words: each decision with the quantities that led to it.

use super::lowering::{
    CountMemory, Lowering, MOST_ACCUMULATED, MOST_BACKED_UP, MOST_LIVE, MOST_STATE, MOST_UNROLLED,
    Residency, Walk,
};
use super::mirror::Access;
use super::target::Target;

/// How the first dispatches find their number of steps; `most` is [`u64::MAX`] where only their duration limits it.
pub(super) fn explain_dispatches(first: u64, most: u64) -> String {
    let limit = match most {
        u64::MAX => String::new(),
        most => format!(", at most {} steps", thousands(most)),
    };
    format!("the first of {first} steps, later ones by measured time{limit}")
}

impl Lowering {
    /// Label and value of each decision, with the quantities that led to it.
    pub fn explain(&self) -> Vec<(String, String)> {
        [
            ("shaders for", self.explain_target()),
            ("steps", self.explain_steps()),
            ("divergence checks", self.explain_checks()),
            ("loop over steps", self.explain_walk()),
            ("normals", self.explain_normals()),
            ("examples", self.explain_examples()),
            ("outputs", self.explain_observation()),
            ("moments", self.explain_moments()),
            ("histograms", self.explain_counts()),
            ("tables of blocks and segments", self.explain_tables()),
            ("memory per chain", self.explain_memory()),
        ]
        .map(|(label, value)| (label.to_owned(), value))
        .to_vec()
    }

    fn explain_target(&self) -> String {
        let kind = match self.target {
            Target::Software => "a software rasterizer",
            Target::Hardware => "hardware",
        };
        format!("{kind}, {} chains per workgroup", self.workgroup)
    }

    fn explain_steps(&self) -> String {
        format!(
            "{} ({} of state, {}; limits {MOST_STATE} and {})",
            location(self.steps),
            counted(self.sizes.state as u64, "number"),
            counted(self.sizes.step_instructions as u64, "instruction"),
            thousands(MOST_UNROLLED as u64),
        )
    }

    fn explain_checks(&self) -> String {
        if self.unrolled_steps > 1 {
            return format!(
                "every {} steps, one noise block (a backup of {} fits into registers; limit {MOST_BACKED_UP})",
                self.unrolled_steps,
                counted(self.sizes.state as u64, "number"),
            );
        }
        let why = if self.sizes.steps_per_block == 1 {
            "a noise block serves one step".to_owned()
        } else {
            format!(
                "no backup of {} in registers; limit {MOST_BACKED_UP}",
                counted(self.sizes.state as u64, "number")
            )
        };
        format!("after every step ({why})")
    }

    fn explain_walk(&self) -> String {
        match self.walk {
            Walk::Masked => {
                "masked (whole noise blocks; steps outside the segment are dropped)".to_owned()
            }
            Walk::Whole => "whole noise blocks, then single steps at both ends".to_owned(),
        }
    }

    fn explain_normals(&self) -> String {
        match self.normal_table {
            Some(access) => format!("by table, in {} memory", memory(access)),
            None => "no table".to_owned(),
        }
    }

    fn explain_examples(&self) -> String {
        match (
            self.sizes.batch || self.sizes.data_passes > 0,
            self.half_examples,
        ) {
            (false, _) => "none".to_owned(),
            (true, true) => "stored as 16-bit floats".to_owned(),
            (true, false) => format!("stored as {}-bit floats", 8 * self.sizes.number_bytes),
        }
    }

    fn explain_observation(&self) -> String {
        let sizes = &self.sizes;
        if sizes.data_passes > 0 {
            let passes = match sizes.data_passes {
                1 => "1 pass over a data set".to_owned(),
                many => format!("{many} passes over data sets"),
            };
            return format!(
                "{} in memory ({passes})",
                counted(sizes.outputs as u64, "output")
            );
        }
        let live = match self.target {
            Target::Software => String::new(),
            Target::Hardware => format!(", {} at once; limit {MOST_LIVE}", sizes.live),
        };
        format!(
            "{} {} ({}; limit {}{live})",
            counted(sizes.outputs as u64, "output"),
            location(self.observation),
            counted(sizes.observe_instructions as u64, "instruction"),
            thousands(MOST_UNROLLED as u64),
        )
    }

    fn explain_moments(&self) -> String {
        match (self.observation, self.moments, self.target) {
            (Residency::Memory, ..) => "summed in registers, one output per workgroup".to_owned(),
            (_, Residency::Memory, _) => {
                format!("summed in the result buffer (more than {MOST_ACCUMULATED} outputs)")
            }
            (_, Residency::Registers, Target::Software) => "summed in private memory".to_owned(),
            (_, Residency::Registers, Target::Hardware) => {
                format!("summed in registers (at most {MOST_ACCUMULATED} outputs)")
            }
        }
    }

    fn explain_counts(&self) -> String {
        let sizes = &self.sizes;
        if sizes.histogram_counts == 0 {
            return "none".to_owned();
        }
        let counts = counted(sizes.histogram_counts, "count");
        match self.counts {
            CountMemory::Workgroup => format!(
                "counted in workgroup memory ({counts} per point, {} of {} bytes)",
                thousands(self.workgroup_bytes()),
                thousands(u64::from(self.target.workgroup_bytes())),
            ),
            CountMemory::Global => format!(
                "counted in storage memory ({counts} per point; workgroup memory holds {}, a block {} chains)",
                thousands(u64::from(self.target.workgroup_bytes()) / 4),
                thousands(sizes.block),
            ),
        }
    }

    fn explain_tables(&self) -> String {
        format!(
            "in {} and {} memory ({} bytes at most)",
            memory(self.block_table),
            memory(self.segment_table),
            thousands(self.sizes.table_bytes),
        )
    }

    fn explain_memory(&self) -> String {
        let partials = self.bytes_per_chain() - self.sizes.state_bytes - self.column_bytes();
        format!(
            "{} bytes ({} of state, {} of temporaries for {}, {} of partial sums)",
            thousands(self.bytes_per_chain()),
            thousands(self.sizes.state_bytes),
            thousands(self.column_bytes()),
            counted(self.column_length() as u64, "number"),
            thousands(partials),
        )
    }
}

fn location(residency: Residency) -> &'static str {
    match residency {
        Residency::Registers => "in registers",
        Residency::Memory => "in memory",
    }
}

fn memory(access: Access) -> &'static str {
    match access {
        Access::Uniform => "uniform",
        Access::Read | Access::Write => "storage",
    }
}

fn counted(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(count))
}

/// A number with commas between groups of three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
