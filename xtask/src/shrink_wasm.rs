//! Takes out of a wasm module what runs only on the way to a trap.
//!
//! A panic of the player is a trap in its worker, and what would be said of it is written nowhere.
//! The code that puts it into words cannot be left out by a stable compiler.

use std::collections::{HashMap, HashSet};

use walrus::{
    FunctionId, FunctionKind, LocalFunction, Module,
    ir::{self, Instr, InstrLocId, InstrSeqId, Visitor, VisitorMut},
};

/// Puts a bare trap in the place of functions that never return and ask nothing of the host, and
/// in the place of their calls.
pub(crate) fn remove_panic_paths(module: &mut Module) {
    let doomed = doomed(module);
    for (id, function) in module.funcs.iter_local_mut() {
        let entry = function.entry_block();
        if doomed.contains_key(&id) {
            function.block_mut(entry).instrs = vec![trap()];
        } else {
            ir::dfs_pre_order_mut(&mut Calls { doomed: &doomed }, function, entry);
        }
    }
    walrus::passes::gc::run(module);
}

/// Takes the hashes out of the names of what wasm-bindgen imports, which are there to tell packages
/// apart that export the same name; old names and new ones.
pub(crate) fn shorten_import_names(module: &mut Module) -> Vec<(String, String)> {
    let mut renamed = Vec::new();
    for import in module.imports.iter_mut() {
        let Some((name, hash)) = import.name.rsplit_once('_') else { continue };
        let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash && renamed.iter().all(|(_, short)| short != name) {
            renamed.push((import.name.clone(), name.to_owned()));
            import.name = name.to_owned();
        }
    }
    renamed
}

/// Functions that cannot return, and of whose callees none is the host's; each with the number of
/// its arguments.
fn doomed(module: &Module) -> HashMap<FunctionId, usize> {
    let ways: Vec<(FunctionId, Ways)> =
        module.funcs.iter_local().map(|(id, function)| (id, Ways::of(function))).collect();
    let imported = module.funcs.iter().filter(|f| matches!(f.kind, FunctionKind::Import(_)));
    let mut hosted: HashSet<FunctionId> = imported.map(walrus::Function::id).collect();
    let mut known = 0;
    while known < hosted.len() {
        known = hosted.len();
        for (id, ways) in &ways {
            if ways.calls.iter().any(|callee| hosted.contains(callee)) {
                hosted.insert(*id);
            }
        }
    }
    let doomed = ways.iter().filter(|(id, ways)| !ways.returns && !hosted.contains(id));
    let arguments = |id| module.types.params(module.funcs.get(id).ty()).len();
    doomed.map(|(id, _)| (*id, arguments(*id))).collect()
}

fn trap() -> (Instr, InstrLocId) {
    (Instr::Unreachable(ir::Unreachable {}), InstrLocId::default())
}

/// Whether a function can be left, and whom it calls.
struct Ways {
    entry: InstrSeqId,
    returns: bool,
    calls: Vec<FunctionId>,
}

impl Ways {
    fn of(function: &LocalFunction) -> Self {
        let entry = function.entry_block();
        let last = function.block(entry).instrs.last();
        let returns = !matches!(last, Some((Instr::Unreachable(_), _)));
        let mut ways = Self { entry, returns, calls: Vec::new() };
        ir::dfs_in_order(&mut ways, function, entry);
        ways
    }
}

impl Visitor<'_> for Ways {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.calls.push(*function);
    }

    /// Only a branch out of the function names its outermost sequence.
    fn visit_instr_seq_id(&mut self, sequence: &InstrSeqId) {
        self.returns |= *sequence == self.entry;
    }

    fn visit_return_call(&mut self, _: &ir::ReturnCall) {
        self.returns = true;
    }

    fn visit_return_call_indirect(&mut self, _: &ir::ReturnCallIndirect) {
        self.returns = true;
    }

    fn visit_return(&mut self, _: &ir::Return) {
        self.returns = true;
    }
}

/// Cuts a sequence off at its first call of a doomed function.
struct Calls<'a> {
    doomed: &'a HashMap<FunctionId, usize>,
}

impl Calls<'_> {
    fn arguments(&self, instr: &Instr) -> Option<usize> {
        if let Instr::Call(call) = instr { self.doomed.get(&call.func).copied() } else { None }
    }
}

impl VisitorMut for Calls<'_> {
    fn start_instr_seq_mut(&mut self, seq: &mut ir::InstrSeq) {
        let mut instrs = seq.instrs.iter().enumerate();
        let call = instrs.find_map(|(at, (instr, _))| Some((at, self.arguments(instr)?)));
        let Some((at, arguments)) = call else { return };
        seq.instrs.truncate(at);
        // Arguments that are plain values go with it; what else was computed does no harm.
        for _ in 0..arguments {
            if !matches!(seq.instrs.last(), Some((Instr::Const(_) | Instr::LocalGet(_), _))) {
                break;
            }
            seq.instrs.pop();
        }
        seq.instrs.push(trap());
    }
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ValType};

    use super::*;

    /// A module of which `go` calls one of two: the one only traps, the other tells the host first.
    #[test]
    fn only_what_says_nothing_to_the_host_is_shortened() {
        let mut module = Module::default();
        let bare = module.types.add(&[], &[]);
        let (log, _) = module.add_import_func("host", "log", bare);
        let mut quiet = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[]);
        quiet.func_body().i32_const(1).drop().unreachable();
        let argument = module.locals.add(ValType::I32);
        let quiet = quiet.finish(vec![argument], &mut module.funcs);
        let mut loud = FunctionBuilder::new(&mut module.types, &[], &[]);
        loud.func_body().call(log).unreachable();
        let loud = loud.finish(vec![], &mut module.funcs);
        let mut go = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[]);
        let which = module.locals.add(ValType::I32);
        go.func_body().local_get(which).if_else(
            None,
            |then| {
                then.local_get(which).call(quiet).unreachable();
            },
            |other| {
                other.call(loud).unreachable();
            },
        );
        let go = go.finish(vec![which], &mut module.funcs);
        module.exports.add("go", go);

        remove_panic_paths(&mut module);

        let left: Vec<FunctionId> = module.funcs.iter().map(walrus::Function::id).collect();
        assert!(!left.contains(&quiet));
        assert!(left.contains(&loud) && left.contains(&log));
        assert_eq!(module.funcs.get(go).kind.unwrap_local().size(), 5, "of 7 instructions");
    }
}
