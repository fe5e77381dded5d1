//! Makes the local variables of a wasm module cheaper: removes assignments that change nothing, and
//! numbers the variables by use, so that the same instructions have the same bytes in most functions.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use walrus::{
    LocalFunction, LocalId, Module,
    ir::{self, Instr, InstrSeqId, Value, Visitor, VisitorMut},
};

/// Removes assignments of the value that a variable has already.
pub(crate) fn remove_redundant_sets(module: &mut Module) {
    for (_, function) in module.funcs.iter_local_mut() {
        let mut known = Known::default();
        for local in Uses::of(function).counts.keys() {
            // Variables begin at zero. Arguments do not, whose values are their own.
            let zero = module.locals.get(*local).ty();
            let held = if function.args.contains(local) {
                Held::New(known.fresh())
            } else {
                Held::Zero(zero)
            };
            known.values.insert(*local, held);
        }
        known.walk(function, function.entry_block());
    }
}

/// Gives the variables of each function, by type, the lower numbers the more often they are used.
pub(crate) fn sort(module: &mut Module) {
    for (_, function) in module.funcs.iter_local_mut() {
        let counts = Uses::of(function).counts;
        let mut locals: Vec<_> =
            counts.into_iter().filter(|(local, _)| !function.args.contains(local)).collect();
        locals.sort_by_key(|(local, count)| (Reverse(*count), *local));
        // Walrus numbers them in the order in which they were made.
        let mut renamed = Renamed(HashMap::new());
        for (local, _) in locals {
            let same = module.locals.add(module.locals.get(local).ty());
            renamed.0.insert(local, same);
        }
        let entry = function.entry_block();
        ir::dfs_pre_order_mut(&mut renamed, function, entry);
    }
}

/// How often a function uses each variable.
#[derive(Default)]
struct Uses {
    counts: HashMap<LocalId, usize>,
}

impl Uses {
    fn of(function: &LocalFunction) -> Self {
        let mut uses = Self::default();
        ir::dfs_in_order(&mut uses, function, function.entry_block());
        uses
    }
}

impl Visitor<'_> for Uses {
    fn visit_local_id(&mut self, local: &LocalId) {
        *self.counts.entry(*local).or_default() += 1;
    }
}

struct Renamed(HashMap<LocalId, LocalId>);

impl VisitorMut for Renamed {
    fn visit_local_id_mut(&mut self, local: &mut LocalId) {
        *local = self.0.get(local).copied().unwrap_or(*local);
    }
}

/// What a variable has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Zero of this type.
    Zero(walrus::ValType),
    I32(i32),
    I64(i64),
    /// Something of which only its place is known.
    New(usize),
}

/// What the variables have at one instruction.
#[derive(Default)]
struct Known {
    values: HashMap<LocalId, Held>,
    places: usize,
}

impl Known {
    fn fresh(&mut self) -> usize {
        self.places += 1;
        self.places
    }

    /// What an instruction puts on the stack, if that is known.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others push what is not known")]
    fn pushed(&self, instr: &Instr) -> Option<Held> {
        match instr {
            Instr::Const(constant) => match constant.value {
                Value::I32(0) => Some(Held::Zero(walrus::ValType::I32)),
                Value::I64(0) => Some(Held::Zero(walrus::ValType::I64)),
                Value::I32(value) => Some(Held::I32(value)),
                Value::I64(value) => Some(Held::I64(value)),
                Value::F32(_) | Value::F64(_) | Value::V128(_) => None,
            },
            Instr::LocalGet(get) => self.values.get(&get.local).copied(),
            Instr::LocalTee(tee) => self.values.get(&tee.local).copied(),
            _ => None,
        }
    }

    /// Assigns, and returns whether that changes nothing.
    fn set(&mut self, local: LocalId, value: Option<Held>) -> bool {
        let value = value.unwrap_or_else(|| Held::New(self.fresh()));
        self.values.insert(local, value) == Some(value)
    }

    /// Variables that a sequence assigns have values that are not known.
    fn forget(&mut self, assigned: &HashSet<LocalId>) {
        for local in assigned {
            let place = self.fresh();
            self.values.insert(*local, Held::New(place));
        }
    }

    /// Goes through a sequence in the order in which it runs.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others assign nothing")]
    fn walk(&mut self, function: &mut LocalFunction, sequence: InstrSeqId) {
        let instrs = std::mem::take(&mut function.block_mut(sequence).instrs);
        let mut left: Vec<(Instr, ir::InstrLocId)> = Vec::with_capacity(instrs.len());
        for (instr, place) in instrs {
            let before = left.last().and_then(|(before, _)| self.pushed(before));
            match &instr {
                Instr::LocalSet(set) if self.set(set.local, before) => {
                    if let Some((Instr::LocalTee(ir::LocalTee { local }), place)) = left.pop() {
                        left.push((Instr::LocalSet(ir::LocalSet { local }), place));
                    }
                    continue;
                }
                Instr::LocalTee(tee) if self.set(tee.local, before) => continue,
                Instr::Block(ir::Block { seq }) => self.walk_inner(function, *seq, false),
                Instr::Loop(ir::Loop { seq }) => self.walk_inner(function, *seq, true),
                Instr::IfElse(either) => {
                    let before = self.values.clone();
                    self.walk_inner(function, either.consequent, false);
                    let assigned = Assigned::of(function, either.consequent);
                    self.values = before;
                    self.walk_inner(function, either.alternative, false);
                    self.forget(&assigned);
                }
                Instr::Try(_) | Instr::TryTable(_) => self.values.clear(),
                _ => {}
            }
            left.push((instr, place));
        }
        function.block_mut(sequence).instrs = left;
    }

    /// Goes through a sequence within another, which is left from anywhere, and a loop entered too.
    fn walk_inner(&mut self, function: &mut LocalFunction, sequence: InstrSeqId, is_loop: bool) {
        let assigned = Assigned::of(function, sequence);
        if is_loop {
            self.forget(&assigned);
        }
        self.walk(function, sequence);
        self.forget(&assigned);
    }
}

/// The variables that a sequence assigns.
#[derive(Default)]
struct Assigned(HashSet<LocalId>);

impl Assigned {
    fn of(function: &LocalFunction, sequence: InstrSeqId) -> HashSet<LocalId> {
        let mut assigned = Self::default();
        ir::dfs_in_order(&mut assigned, function, sequence);
        assigned.0
    }
}

impl Visitor<'_> for Assigned {
    fn visit_local_set(&mut self, set: &ir::LocalSet) {
        self.0.insert(set.local);
    }

    fn visit_local_tee(&mut self, tee: &ir::LocalTee) {
        self.0.insert(tee.local);
    }
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ValType};

    use super::*;

    /// A module with one function of one argument, and that function.
    fn module(
        build: impl FnOnce(&mut walrus::InstrSeqBuilder<'_>, LocalId, [LocalId; 2]),
    ) -> (Module, walrus::FunctionId) {
        let mut module = Module::default();
        let argument = module.locals.add(ValType::I32);
        let locals = [module.locals.add(ValType::I32), module.locals.add(ValType::I32)];
        let mut function = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[]);
        build(&mut function.func_body(), argument, locals);
        let function = function.finish(vec![argument], &mut module.funcs);
        module.exports.add("go", function);
        (module, function)
    }

    fn size(module: &Module, function: walrus::FunctionId) -> u64 {
        module.funcs.get(function).kind.unwrap_local().size()
    }

    #[test]
    fn assignments_that_change_nothing_are_removed() {
        let (mut module, function) = module(|body, argument, [a, b]| {
            body.i32_const(0).local_set(a); // It is zero at the start.
            body.local_get(argument).local_set(b);
            body.local_get(argument).local_set(b);
            body.local_get(b).local_tee(argument).drop();
            body.i32_const(7).local_set(a);
            body.i32_const(7).local_set(a);
        });
        let before = size(&module, function);
        remove_redundant_sets(&mut module);
        assert_eq!(before - size(&module, function), 7);
    }

    #[test]
    fn assignments_that_may_change_something_stay() {
        let (mut module, function) = module(|body, argument, [a, b]| {
            body.i32_const(0).local_set(argument);
            body.loop_(None, |body| {
                body.i32_const(0).local_set(a); // The last pass set it to 3.
                body.local_get(a).local_set(b);
                body.i32_const(3).local_set(a);
                body.local_get(a).local_set(b);
            });
            body.local_get(argument).if_else(
                None,
                |then| {
                    then.i32_const(5).local_set(b);
                },
                |other| {
                    other.i32_const(5).local_set(b);
                },
            );
            body.i32_const(3).local_set(b);
            body.block(None, |body| {
                let block = body.id();
                body.local_get(argument).br_if(block).i32_const(4).local_set(b);
            });
            body.i32_const(4).local_set(b);
        });
        let before = size(&module, function);
        remove_redundant_sets(&mut module);
        assert_eq!(size(&module, function), before);
    }

    #[test]
    fn variable_that_is_used_most_has_the_first_number() {
        let (mut module, _) = module(|body, argument, [a, b]| {
            body.local_get(argument).local_set(a);
            body.local_get(b).local_set(b).local_get(b).drop();
        });
        sort(&mut module);
        let wasm = module.emit_wasm();
        let code = [0x20, 0, 0x21, 2, 0x20, 1, 0x21, 1, 0x20, 1, 0x1a];
        assert!(wasm.windows(code.len()).any(|window| window == code), "{wasm:x?}");
    }
}
