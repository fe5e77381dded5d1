//! Orders the functions of a wasm module so that each stands behind the one that it has most in common
//! with: gzip repeats near bytes in fewer bits than far ones.

use std::{
    collections::{BTreeSet, HashSet},
    convert::Infallible,
    iter,
};

use anyhow::Result;
use wasm_encoder::{
    CodeSection, FunctionSection, Module,
    reencode::{self, Error, Reencode},
};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef,
};

/// Length of the sequences of bytes that functions are compared by.
const SEQUENCE_BYTES: usize = 4;

/// The module with its functions in an order that compresses better.
pub(crate) fn by_similarity(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::ImportSection(section) = payload {
            for import in section.into_imports() {
                imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
            }
        } else if let Payload::CodeSectionEntry(body) = payload {
            bodies.push(body.as_bytes());
        }
    }
    let order = order(&bodies);
    let mut old_and_new: Vec<(usize, u32)> = order.iter().copied().zip(imported..).collect();
    old_and_new.sort_unstable();
    let numbers = (0..imported).chain(old_and_new.into_iter().map(|(_, new)| new)).collect();
    let mut module = Module::new();
    Ordered { order, numbers }.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// The places of these functions, the first one first.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let sequences = |place: usize| Some(bodies.get(place)?.windows(SEQUENCE_BYTES));
    let mut left: BTreeSet<usize> = (0..bodies.len()).collect();
    let next = |before: &usize| {
        left.remove(before);
        let before: HashSet<&[u8]> = sequences(*before)?.collect();
        // How much of a function, in millionths; a short one repeats little.
        let common = |place: &usize| {
            let common = sequences(*place)?.filter(|sequence| before.contains(sequence)).count();
            Some(common * 1_000_000 / (bodies.get(*place)?.len() + SEQUENCE_BYTES))
        };
        left.iter().copied().max_by_key(common)
    };
    iter::successors((!bodies.is_empty()).then_some(0), next).collect()
}

/// Writes a module with its functions in this order.
struct Ordered {
    order: Vec<usize>,
    /// The new numbers of all functions, by the old ones.
    numbers: Vec<u32>,
}

impl Ordered {
    fn in_order<T: Clone>(&self, items: &[T]) -> Vec<T> {
        self.order.iter().filter_map(|place| items.get(*place).cloned()).collect()
    }
}

impl Reencode for Ordered {
    type Error = Infallible;

    fn function_index(&mut self, old: u32) -> Result<u32, Error> {
        Ok(self.numbers.get(old as usize).copied().unwrap_or(old))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<u32>, _>>()?;
        for function in self.in_order(&types) {
            functions.function(self.type_index(function)?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<FunctionBody<'_>>, _>>()?;
        for body in self.in_order(&bodies) {
            reencode::utils::parse_function_body(self, code, body)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use walrus::{
        FunctionBuilder, FunctionId, ValType,
        ir::{BinaryOp, Visitor, dfs_in_order},
    };

    use super::*;

    /// A function that multiplies `number` so many times.
    fn function(module: &mut walrus::Module, number: i64, times: usize) -> FunctionId {
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[ValType::I64]);
        function.func_body().i64_const(number);
        for _ in 0..times {
            function.func_body().i64_const(number).binop(BinaryOp::I64Mul);
        }
        function.finish(vec![], &mut module.funcs)
    }

    struct Called(Vec<FunctionId>);

    impl Visitor<'_> for Called {
        fn visit_function_id(&mut self, function: &FunctionId) {
            self.0.push(*function);
        }
    }

    #[test]
    fn functions_that_have_most_in_common_are_neighbours() {
        let bodies: [&[u8]; 4] = [b"abcdefgh", b"01234567", b"-abcdefg-", b"-012345678"];
        assert_eq!(order(&bodies), [0, 2, 3, 1]);
        assert_eq!(order(&[]), [0; 0]);
    }

    #[test]
    fn exports_calls_and_tables_name_the_same_functions() {
        let mut module = walrus::Module::default();
        let bare = module.types.add(&[], &[]);
        let (log, _) = module.add_import_func("host", "log", bare);
        let [a, b, c, d] = [(5 << 40, 30), (9, 25), (5 << 40, 20), (9, 15)]
            .map(|(number, times)| function(&mut module, number, times));
        let mut go = FunctionBuilder::new(&mut module.types, &[], &[]);
        go.func_body().call(log).call(b).drop();
        let go = go.finish(vec![], &mut module.funcs);
        for (name, id) in [("a", a), ("b", b), ("c", c), ("d", d), ("go", go)] {
            module.exports.add(name, id);
        }
        let wasm = module.emit_wasm();

        let ordered = by_similarity(&wasm).unwrap();

        assert_ne!(wasm, ordered);
        let ordered = walrus::Module::from_buffer(&ordered).unwrap();
        let size = |module: &walrus::Module, name: &str| {
            let function = module.exports.get_func(name).unwrap();
            module.funcs.get(function).kind.unwrap_local().size()
        };
        for name in ["a", "b", "c", "d", "go"] {
            assert_eq!(size(&ordered, name), size(&module, name), "{name}");
        }
        let function = |name| ordered.exports.get_func(name).unwrap();
        let mut called = Called(Vec::new());
        let go = ordered.funcs.get(function("go")).kind.unwrap_local();
        dfs_in_order(&mut called, go, go.entry_block());
        assert_eq!(called.0, [ordered.imports.get_func("host", "log").unwrap(), function("b")]);
    }
}
