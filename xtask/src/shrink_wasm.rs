//! Makes a wasm module smaller: removes code that only prepares a panic, shortens import names.
//!
//! A panic of the player is a trap in its worker, and no console shows its message. A stable compiler
//! cannot leave out the code that formats the message.

use std::collections::{HashMap, HashSet};

use walrus::{
    FunctionId, FunctionKind, LocalFunction, Module,
    ir::{self, Instr, InstrLocId, InstrSeqId, Visitor, VisitorMut},
};

/// Replaces each function that never returns and never calls the host by a trap, and each call of
/// such a function too; then functions that write the texts of panics.
pub(crate) fn remove_panic_paths(module: &mut Module) {
    let trapping = trapping(module);
    for (id, function) in module.funcs.iter_local_mut() {
        let entry = function.entry_block();
        if trapping.contains_key(&id) {
            function.block_mut(entry).instrs = vec![trap()];
        } else {
            ir::dfs_pre_order_mut(&mut Calls { trapping: &trapping }, function, entry);
        }
    }
    let writing = writing(module);
    for (_, function) in module.funcs.iter_local_mut().filter(|(id, _)| writing.contains(id)) {
        let entry = function.entry_block();
        function.block_mut(entry).instrs = vec![trap()];
    }
    walrus::passes::gc::run(module);
}

/// Parts of the names of functions that write the texts of panics; of a crate, a name has a hash.
const WRITERS: [&str; 4] = ["core::fmt::", "]::fmt::", "core::panic::", "]::panic::"];

/// The functions that write the texts of panics, unless others call them: tables still refer to them.
fn writing(module: &Module) -> HashSet<FunctionId> {
    let is_writer = |name: &str| WRITERS.iter().any(|part| name.contains(part));
    let mut writing: HashSet<FunctionId> = module
        .funcs
        .iter_local()
        .map(|(id, _)| id)
        .filter(|id| module.funcs.get(*id).name.as_deref().is_some_and(is_writer))
        .collect();
    let mut known = usize::MAX;
    while writing.len() < known {
        known = writing.len();
        for (id, function) in module.funcs.iter_local() {
            if !writing.contains(&id) {
                for callee in Exits::of(function).calls {
                    writing.remove(&callee);
                }
            }
        }
    }
    writing
}

/// How the paths of source files begin that the location of a panic names.
const SOURCE_FOLDERS: [&[u8]; 3] = [b"/rustc/", b"wasm-player/src/", b"crates/"];

/// All numbers of two digits.
const DECIMAL: &[u8] = b"\
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Texts of the standard library's panics.
const PANIC_TEXTS: [&[u8]; 13] = [
    b"slice index starts at ",
    b"range start index ",
    b"range end index ",
    b" out of range for slice of length ",
    b"copy_from_slice: source slice length (",
    b") does not match destination slice length (",
    b"insertion index (is ",
    b") should be <= len (is ",
    b"removal index (is ",
    b") should be < len (is ",
    b"attempt to divide by zero",
    // The digits that they have.
    b"0x0123456789ABCDEF",
    DECIMAL,
];

/// Removes what only prepared panics still used: paths of source files and texts become zeros, which
/// compress to nothing. The list of the compiler's features goes as well, which only linkers read.
pub(crate) fn remove_leftovers(module: &mut Module) {
    module.customs.remove_raw("target_features");
    let ids: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in ids {
        let data = module.data.get_mut(id);
        let mut from = 0;
        while let Some(rest) = data.value.get_mut(from..).filter(|rest| !rest.is_empty()) {
            let is_path = SOURCE_FOLDERS.iter().any(|folder| rest.starts_with(folder));
            let text = PANIC_TEXTS.iter().find(|text| rest.starts_with(text));
            let length = match text {
                Some(text) => text.len(),
                None if is_path => path_length(rest),
                None => 0,
            };
            rest.iter_mut().take(length).for_each(|byte| *byte = 0);
            from += length.max(1);
        }
    }
}

/// Bytes of the path of a Rust file at the beginning of these bytes; 0 if there is none.
fn path_length(bytes: &[u8]) -> usize {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let name = bytes.iter().take_while(|byte| is_name(byte)).count();
    let path = bytes.get(..name).unwrap_or_default();
    path.windows(3).position(|end| end == b".rs").map_or(0, |at| at + 3)
}

/// Removes the hashes from the names of wasm-bindgen's imports, which distinguish packages that
/// export the same name; returns each old name with its new one.
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

/// Functions that never return and never call the host, directly or through others; each with the
/// number of its arguments.
fn trapping(module: &Module) -> HashMap<FunctionId, usize> {
    let functions: Vec<(FunctionId, Exits)> =
        module.funcs.iter_local().map(|(id, function)| (id, Exits::of(function))).collect();
    let imported = module.funcs.iter().filter(|f| matches!(f.kind, FunctionKind::Import(_)));
    let mut calls_host: HashSet<FunctionId> = imported.map(walrus::Function::id).collect();
    let mut known = 0;
    while known < calls_host.len() {
        known = calls_host.len();
        for (id, exits) in &functions {
            if exits.calls.iter().any(|callee| calls_host.contains(callee)) {
                calls_host.insert(*id);
            }
        }
    }
    let trapping =
        functions.iter().filter(|(id, exits)| !exits.returns && !calls_host.contains(id));
    let arguments = |id| module.types.params(module.funcs.get(id).ty()).len();
    trapping.map(|(id, _)| (*id, arguments(*id))).collect()
}

fn trap() -> (Instr, InstrLocId) {
    (Instr::Unreachable(ir::Unreachable {}), InstrLocId::default())
}

/// Whether a function can return, and which functions it calls.
struct Exits {
    entry: InstrSeqId,
    returns: bool,
    calls: Vec<FunctionId>,
}

impl Exits {
    fn of(function: &LocalFunction) -> Self {
        let entry = function.entry_block();
        let last = function.block(entry).instrs.last();
        let returns = !matches!(last, Some((Instr::Unreachable(_), _)));
        let mut exits = Self { entry, returns, calls: Vec::new() };
        ir::dfs_in_order(&mut exits, function, entry);
        exits
    }
}

impl Visitor<'_> for Exits {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.calls.push(*function);
    }

    /// Only a branch that leaves the function names its outermost sequence.
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

/// Ends a sequence at its first call of a trapping function.
struct Calls<'a> {
    trapping: &'a HashMap<FunctionId, usize>,
}

impl Calls<'_> {
    fn arguments(&self, instr: &Instr) -> Option<usize> {
        if let Instr::Call(call) = instr { self.trapping.get(&call.func).copied() } else { None }
    }
}

impl VisitorMut for Calls<'_> {
    fn start_instr_seq_mut(&mut self, seq: &mut ir::InstrSeq) {
        let mut instrs = seq.instrs.iter().enumerate();
        let call = instrs.find_map(|(at, (instr, _))| Some((at, self.arguments(instr)?)));
        let Some((at, arguments)) = call else { return };
        seq.instrs.truncate(at);
        // Arguments that are plain values are removed as well. Other computed values do no harm.
        for _ in 0..arguments {
            if !matches!(seq.instrs.last(), Some((Instr::Const(_) | Instr::LocalGet(_), _))) {
                break;
            }
            seq.instrs.pop();
        }
        seq.instrs.push(trap());
    }
}

/// A component without its names, which only a debugger reads: all of its top-level sections but the
/// custom section `component-name`. Bytes that are not sections stay as they are.
pub(crate) fn without_component_names(component: &[u8]) -> Vec<u8> {
    /// The preamble: magic number, version and layer.
    const PREAMBLE_BYTES: usize = 8;
    let (preamble, mut rest) = component.split_at(PREAMBLE_BYTES.min(component.len()));
    let mut shorter = preamble.to_vec();
    while let Some((length, is_names)) = first_section(rest) {
        let (section, after) = rest.split_at(length);
        if !is_names {
            shorter.extend_from_slice(section);
        }
        rest = after;
    }
    shorter.extend_from_slice(rest);
    shorter
}

/// The length of the first section with its header, and whether that section has names.
fn first_section(bytes: &[u8]) -> Option<(usize, bool)> {
    const CUSTOM: u8 = 0;
    const NAME: &[u8] = b"\x0ecomponent-name";
    let (&id, rest) = bytes.split_first()?;
    let mut length = 0_usize;
    for (at, byte) in rest.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let content = rest.get(at + 1..)?.get(..length)?;
            return Some((at + 2 + length, id == CUSTOM && content.starts_with(NAME)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ValType};

    use super::*;

    /// A module whose function `go` calls `quiet`, which only traps, or `loud`, which calls the host
    /// first.
    #[test]
    fn functions_that_call_the_host_stay() {
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

    /// A writer in a table is a trap, and one that something calls stays.
    #[test]
    fn functions_that_write_texts_of_panics_become_traps() {
        let mut module = Module::default();
        let writer = |module: &mut Module, name: &str| {
            let mut writer = FunctionBuilder::new(&mut module.types, &[], &[]);
            writer.func_body().i32_const(1).drop();
            let writer = writer.finish(vec![], &mut module.funcs);
            module.funcs.get_mut(writer).name = Some(name.to_owned());
            writer
        };
        let in_table = writer(&mut module, "<u64 as core::fmt::Debug>::fmt");
        let called = writer(&mut module, "core::fmt::write");
        let mut go = FunctionBuilder::new(&mut module.types, &[], &[]);
        go.func_body().call(called);
        let go = go.finish(vec![], &mut module.funcs);
        module.exports.add("go", go);
        module.exports.add("table", in_table);

        remove_panic_paths(&mut module);

        let size = |id| module.funcs.get(id).kind.unwrap_local().size();
        assert_eq!((size(in_table), size(called)), (1, 2));
    }

    #[test]
    fn texts_of_panics_become_zeros_and_other_data_stays() {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        let place = walrus::ConstExpr::Value(ir::Value::I32(0));
        let kind = walrus::DataKind::Active { memory, offset: place };
        let value =
            b"file/rustc/ab12/core/src/x.rs\0crates/mp4/y.rsrange end index over /rustc/ is.rs"
                .to_vec();
        let data = module.data.add(kind, value);
        remove_leftovers(&mut module);
        let left = [&b"file"[..], &[0; 26], &[0; 15], &[0; 16], b"over /rustc/ is.rs"].concat();
        assert_eq!(module.data.get(data).value, left);
    }

    #[test]
    fn component_loses_its_names_and_nothing_else() {
        let preamble = b"\0asm\x0d\0\x01\0";
        let other: &[u8] = &[&b"\0\x0a\x09producers"[..], &[1, 2, 7, 7]].concat();
        let names: &[u8] = b"\0\x11\x0ecomponent-name\x01\x02";
        let component = [preamble, other, names, other].concat();
        assert_eq!(without_component_names(&component), [preamble, other, other].concat());
        let truncated = [preamble, other, &names[..9]].concat();
        assert_eq!(without_component_names(&truncated), truncated);
        assert!(without_component_names(&[]).is_empty());
    }
}
