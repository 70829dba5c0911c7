//! Structs and bindings are the same in shaders and on the host.

use crate::support::problem;
use etascope::compile::Problem;
use etascope::engine::gpu::mirror::{Access, Block, Ensemble, Request, Segment};
use etascope::engine::gpu::{Entry, Lowering, Target, WORKGROUP, compose};
use naga::{AddressSpace, Module, StorageAccess, TypeInner};
use std::mem::offset_of;

fn experiment(noise: &str) -> Problem {
    problem(&format!(
        "[parameters]\nx = 0.0\ny = 0.0\n[loss]\nformula = \"x^2 + y^2\"\n[dynamics]\nkind = \"sgd\"\neta = 0.1\n[noise]\n{noise}\n"
    ))
}

fn module(problem: &Problem, entry: Entry, target: Target) -> Module {
    let lowering = Lowering::new(&problem.task, target, WORKGROUP);
    naga::front::wgsl::parse_str(&compose(&problem.task, entry, &lowering))
        .expect("the composed shader is valid WGSL")
}

/// Name and offset of every member of a struct, and its size.
fn members(module: &Module, name: &str) -> (Vec<(String, usize)>, usize) {
    let ty = module
        .types
        .iter()
        .find(|(_, ty)| ty.name.as_deref() == Some(name));
    let (_, ty) = ty.unwrap_or_else(|| panic!("no struct {name}"));
    let TypeInner::Struct { members, span } = &ty.inner else {
        panic!("{name} is no struct")
    };
    let named = members
        .iter()
        .map(|m| {
            (
                m.name.clone().expect("members have names"),
                m.offset as usize,
            )
        })
        .collect();
    (named, *span as usize)
}

macro_rules! assert_mirror {
    ($module:expr, $mirror:ident { $($member:ident),* }) => {
        let host = [$((stringify!($member).to_owned(), offset_of!($mirror, $member))),*].to_vec();
        assert_eq!(members($module, stringify!($mirror)), (host, size_of::<$mirror>()), stringify!($mirror));
    };
}

#[test]
fn structs_have_the_offsets_and_sizes_of_their_mirrors() {
    let problem = experiment("");
    let advance = module(&problem, Entry::Advance, Target::Software);
    assert_mirror!(
        &advance,
        Ensemble {
            key,
            slots,
            block,
            rows,
            blocks,
            bound,
            pairs,
            requests,
            data_pass,
            first,
            last,
            zero
        }
    );
    assert_mirror!(
        &advance,
        Block {
            point,
            filled,
            chain
        }
    );
    assert_mirror!(
        &advance,
        Segment {
            block,
            rounding,
            offset,
            steps,
            begin,
            unused
        }
    );
    let histogram = module(&problem, Entry::Histogram, Target::Software);
    assert_mirror!(
        &histogram,
        Request {
            outputs,
            bins,
            counts,
            ranges,
            within
        }
    );
}

#[test]
fn bindings_are_those_of_the_table() {
    for noise in [
        "normal = \"integer\"",
        "normal = \"box-muller\"",
        "normal = \"box-muller-16\"",
        "kind = \"two-point\"",
        "kind = \"three-point\"",
    ] {
        let problem = experiment(noise);
        let targets = [Target::Software, Target::Hardware];
        for (entry, target) in Entry::ALL.into_iter().flat_map(|e| targets.map(|t| (e, t))) {
            let module = module(&problem, entry, target);
            let lowering = Lowering::new(&problem.task, target, WORKGROUP);
            let mut found: Vec<(u32, Access)> = (module.global_variables.iter())
                .filter_map(|(_, variable)| {
                    variable.binding.map(|binding| (binding, variable.space))
                })
                .map(|(binding, space)| {
                    assert_eq!(binding.group, 0, "one group");
                    (binding.binding, access(space))
                })
                .collect();
            found.sort_by_key(|&(binding, _)| binding);
            let common = (0..).zip(lowering.common_bindings());
            let own = lowering.bindings(entry);
            let expected: Vec<(u32, Access)> = common.chain(own).collect();
            assert_eq!(found, expected, "{} with {noise}", entry.name());
        }
    }
}

fn access(space: AddressSpace) -> Access {
    match space {
        AddressSpace::Uniform => Access::Uniform,
        AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Access::Write,
        AddressSpace::Storage { .. } => Access::Read,
        other => panic!("no binding is in {other:?}"),
    }
}
